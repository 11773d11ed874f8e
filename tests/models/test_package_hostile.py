"""Packages made to harm: each is refused with a reason, in under a second, and nothing runs."""

import ast
import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, load_from_string, numpy_helper

from edgekeeper import models
from edgekeeper.errors import BadData
from edgekeeper.models import load_package
from edgekeeper.models.canonical import canonical_bytes, sha256
from edgekeeper.models.graph_guard import check_graph
from edgekeeper.models.inference import Graph
from edgekeeper.models.learners.graphs import double, score_graph
from edgekeeper.models.learners.trees import FlatTrees, Split, tree_graph
from edgekeeper.models.operators import OPERATORS, SIZED_BY
from edgekeeper.models.package import LIMITS, PackageBytes
from edgekeeper.models.probe import probe_rows
from edgekeeper.models.tree_guard import check_trees

from .conftest import COLUMNS
from .test_lstm import STEPS, invented

node = helper.make_node
SLOW = 1.0  # seconds of this process's own time: neighbours on the machine do not count


def whole(name, values):
    return numpy_helper.from_array(np.array(values, dtype=np.int64), name)


def spread(nodes, constants):
    """A graph that brings ``r``, one number, to every row."""
    tail = [
        node("Shape", ["x"], ["rows"], start=0, end=1),
        node("Concat", ["rows", "one"], ["shape"], axis=0),
        node("Expand", ["r", "shape"], ["score"]),
    ]
    return score_graph([*nodes, *tail], [*constants, whole("one", [1])], COLUMNS)


def changed(graph, change):
    model = load_from_string(graph)
    change(model)
    return model.SerializeToString()


def refused(graph, message, columns=COLUMNS):
    began = time.process_time()
    with pytest.raises(BadData, match=message):
        Graph(graph, columns)
    assert time.process_time() - began < SLOW


@pytest.fixture(autouse=True, scope="module")
def _warm():
    """What is imported with the first graph is not the second one's time."""
    Graph(PLAIN, COLUMNS)


PLAIN = spread([node("Identity", ["v"], ["r"])], [double("v", np.array([0.5]))])


def big(factor):
    expand = node("Expand", ["v", "s"], ["big"])
    nodes, last = [expand], "big"
    for step in range(60):
        nodes.append(node("MatMul", [last, "big"], [f"m{step}"]))
        last = f"m{step}"
    nodes.append(node("Slice", [last, "from", "to"], ["r"]))
    constants = [whole("s", [factor, factor]), whole("from", [0, 0]), whole("to", [1, 1])]
    return spread(nodes, [double("v", np.array([[1.0]])), *constants])


def deep_trees(levels):
    inner = [(i + 1, False) for i in range(levels - 1)]
    return tree_graph(
        FlatTrees([0], [0] * levels, [0.5] * levels, [1] * levels, [*inner, (0, True)],
                  [(0, True)] * levels, [1.0]),
        COLUMNS,
    )  # fmt: skip


def test_the_plain_graph_is_none_of_them():
    assert Graph(PLAIN, COLUMNS).score(np.zeros((3, COLUMNS), np.float32)).tolist() == [0.5] * 3


@pytest.mark.parametrize(
    "operator",
    [
        "Loop",
        "Scan",
        "If",
        "RandomNormalLike",
        "SequenceMap",
        "NonZero",
        "StringNormalizer",
        "NoSuchThing",
        "Einsum",
        "Tile",
        "TreeEnsembleRegressor",
        "SVMClassifier",
    ],
)
def test_operators_that_loop_branch_or_roll_dice(operator):
    def change(model):
        model.graph.node[0].op_type = operator

    refused(changed(PLAIN, change), f"operators known to be harmless, got '{operator}'")


def test_other_domains_and_functions():
    def custom(model):
        model.graph.node[0].domain = "com.evil"

    refused(changed(PLAIN, custom), r"harmless, got 'Cast' of domain 'com\.evil'")
    refused(
        changed(PLAIN, lambda m: m.opset_import.append(helper.make_opsetid("com.evil", 1))),
        "got domain 'com.evil'",
    )
    body = helper.make_function(
        "", "Cast", ["a"], ["b"], [node("Identity", ["a"], ["b"])], [helper.make_opsetid("", 17)]
    )
    refused(changed(PLAIN, lambda m: m.functions.append(body)), "functions, training")


def test_subgraphs_however_they_are_hidden():
    inner = helper.make_graph([], "inner", [], [])
    hidden = helper.make_attribute("body", inner)
    refused(changed(PLAIN, lambda m: m.graph.node[0].attribute.append(hidden)), "a subgraph")


def test_data_that_lies_elsewhere(tmp_path):
    for place in ("/etc/passwd", "../../weights", str(tmp_path / "weights")):

        def outside(model, place=place):
            tensor = model.graph.initializer[0]
            tensor.ClearField("raw_data")
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value=place)

        refused(changed(PLAIN, outside), "external data")
        refused(
            changed(PLAIN, lambda m: m.graph.initializer[0].external_data.add(key="offset")),
            "external data",
        )


def test_a_tensor_in_an_attribute_is_checked_like_any_other():
    def outside(model):
        tensor = TensorProto(name="t", data_type=TensorProto.FLOAT, dims=[2**40], raw_data=b"1234")
        model.graph.node[0].attribute.append(helper.make_attribute("value", tensor))

    refused(changed(PLAIN, outside), "as large as they say")


def test_constants_that_claim_more_than_they_hold():
    for sizes in ([2**62], [2**31, 2**31], [1] * 9):

        def inflate(model, sizes=sizes):
            model.graph.initializer[0].dims[:] = sizes

        refused(changed(PLAIN, inflate), "as large as they say")
    refused(changed(PLAIN, lambda m: m.graph.initializer[0].dims.append(-1)), "model.onnx")
    texts = helper.make_tensor("v2", TensorProto.STRING, [1], [b"x"])
    refused(changed(PLAIN, lambda m: m.graph.initializer.append(texts)), "constants of numbers")


def test_terabytes_asked_for_by_a_few_bytes():
    ask = node("Expand", ["v", "s"], ["big"])
    first = node("Slice", ["big", "from", "one"], ["r"])
    constants = [double("v", np.array([1.0])), whole("s", [2**40]), whole("from", [0])]
    refused(spread([ask, first], constants), "refused")
    refused(big(3_000), "refused")


def test_hours_asked_for_by_a_few_bytes():
    refused(big(1_200), "more than 0.5 s")


@pytest.mark.parametrize("claimed", [1, 2**30])
def test_a_recurrence_larger_than_its_weights(claimed):
    honest = invented(columns=COLUMNS, hidden=8)
    columns = STEPS * COLUMNS
    Graph(honest.to_onnx(columns), columns)

    def grow(model):
        lstm = next(each for each in model.graph.node if each.op_type == "LSTM")
        next(a for a in lstm.attribute if a.name == "hidden_size").i = claimed

    refused(changed(honest.to_onnx(columns), grow), "one refused", columns)


def test_sizes_that_hang_on_a_feature():
    """Harmless on the rows that are tried, and terabytes on the day a feature is large."""
    nodes = [
        node("Slice", ["x", "from", "to"], ["first"]),
        node("Cast", ["first"], ["count"], to=TensorProto.INT64),
        node("Reshape", ["count", "one"], ["size"]),
        node("Expand", ["v", "size"], ["big"]),
        node("Slice", ["big", "zero", "one"], ["r"]),
    ]
    constants = [
        double("v", np.array([1.0])), whole("zero", [0]), whole("from", [0, 0]), whole("to", [1, 1])
    ]  # fmt: skip
    refused(spread(nodes, constants), "sizes that depend on no feature")
    backwards = changed(spread(nodes, constants), _reverse)
    refused(backwards, "nodes in order")


def _reverse(model):
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def test_trees_that_are_none():
    refused(deep_trees(100_000), "512 levels")
    Graph(deep_trees(500), COLUMNS)

    def flat():
        trees = FlatTrees()
        trees.add(Split(0, 0.5, True, Split(1, 0.5, True, -1.0, 2.0), 1.0))
        return trees

    for name, value in {"left": [(0, False), (0, True)], "roots": [7]}.items():
        trees = flat()
        setattr(trees, name, value)
        refused(tree_graph(trees, COLUMNS), "TreeEnsemble: expected")
    trees = flat()
    trees.left = [(1, False), (5_000, False)]
    refused(tree_graph(trees, COLUMNS), "elsewhere")
    trees = flat()
    trees.feature = [0, 10**6]
    refused(tree_graph(trees, COLUMNS), r"model\.onnx")
    trees = flat()
    trees.nan_left = [1, 1, 1]
    refused(tree_graph(trees, COLUMNS), r"model\.onnx")


def test_trees_whose_lists_do_not_fit():
    whole_tree = {
        "nodes_truenodeids": [0], "nodes_trueleafs": [1],
        "nodes_falsenodeids": [1], "nodes_falseleafs": [1], "tree_roots": [0],
    }  # fmt: skip
    arrays = {name: np.array(values, dtype=np.int64) for name, values in whole_tree.items()}
    check_trees(arrays)
    with pytest.raises(BadData, match="at least one root"):
        check_trees({})
    with pytest.raises(BadData, match="lists of one length"):
        check_trees(arrays | {"nodes_trueleafs": np.array([1, 1])})
    with pytest.raises(BadData, match="roots among 1 nodes"):
        check_trees(arrays | {"tree_roots": np.array([-1])})


def test_no_operator_is_allowed_that_nobody_writes():
    """Read off the code: names that learners, ensembles and steps put into graphs."""
    written = set()
    for file in Path(models.__file__).parent.rglob("*.py"):
        if file.name != "operators.py":
            parts = ast.walk(ast.parse(file.read_text("utf-8")))
            written |= {part.value for part in parts if isinstance(part, ast.Constant)}
    allowed = set().union(*OPERATORS.values())
    assert len(allowed) == 28
    assert allowed - written == set()
    assert set(SIZED_BY) <= allowed


@pytest.mark.parametrize(
    "data",
    [bytes(2**24), b"\x40\x01" * 2**23, b"\xff" * 2**20, b"\x08\x01" * 2**23,
     b"\x3a\xff\xff\xff\x7f", b"\x0b", b"\x3a\x00", b"\x3a\x02\x0a\x00",
     b"MZ" * 50, b"PK\x03\x04" * 50],
    ids=["zeros", "numbers", "ones", "fields", "cut", "group", "empty", "hollow", "program", "zip"],
)  # fmt: skip
def test_files_that_are_no_graphs(data):
    refused(data, r"model\.onnx")


@settings(max_examples=150, deadline=None)
@given(
    place=st.floats(0, 1, exclude_max=True),
    cut=st.integers(0, 40),
    put=st.binary(max_size=40),
)
def test_a_spliced_graph_is_another_one_or_refused(package, place, cut, put):
    graph = package.files["model.onnx"]
    at = int(place * len(graph))
    spliced = graph[:at] + put + graph[at + cut :]
    began = time.process_time()
    try:
        served = load_package(
            PackageBytes.seal(json.loads(package.files["manifest.json"]), spliced).files
        )
    except BadData as error:
        assert str(error).startswith("model.onnx")  # noqa: PT017
    else:
        assert np.isfinite(served.score(probe_rows(served.manifest.reference))).all()
    assert time.process_time() - began < SLOW


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_bytes_of_any_kind(data):
    with pytest.raises(BadData, match=r"model\.onnx"):
        check_graph(b"\x3a\x81\x01" + data)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[" * 2**22, "nested too deep|JSON"),
        (b'{"a":' * 2**20, "nested too deep|JSON"),
        (b'{"a":' + b"9" * 2**22 + b"}", "JSON"),
        (b'{"a":1e999}\n', "canonical|JSON"),
        (b'{"a":"\\ud800"}\n', "canonical"),
        (b'{"a":"\\u001b[31m"}\n', "control character"),
        ('{"a":"\u202egnp"}\n'.encode(), "control character"),
        (b'{"a":1,"a":1}\n', "twice"),
        (b"\xef\xbb\xbf{}", "JSON"),
    ],
)
def test_records_made_to_harm(package, text, message):
    for name in ("manifest.json", "checksums.json"):
        files = dict(package.files)
        if name == "manifest.json":
            sealed = PackageBytes.seal({}, package.files["model.onnx"])
            files = dict(sealed.files)
            sums = json.loads(files["checksums.json"])
            sums["files"]["manifest.json"] = sha256(text)
            files["checksums.json"] = canonical_bytes(sums)
        files[name] = text
        began = time.process_time()
        with pytest.raises(BadData, match=f"{name}: .*({message})|at most"):
            load_package(files)
        assert time.process_time() - began < SLOW


def test_the_largest_files_allowed_are_refused_in_time(package):
    sealed = PackageBytes.seal(
        json.loads(package.files["manifest.json"]), bytes(LIMITS["model.onnx"])
    )
    began = time.process_time()
    with pytest.raises(BadData, match=r"model\.onnx"):
        load_package(sealed.files)
    assert time.process_time() - began < SLOW


def test_swapped_files_are_refused(package):
    files = dict(package.files)
    files["manifest.json"], files["model.onnx"] = files["model.onnx"], files["manifest.json"]
    with pytest.raises(BadData, match="tampered"):
        load_package(files)
