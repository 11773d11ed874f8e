"""Trees walked here give the bits that ONNX Runtime gives, for any number of rows."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.models.inference import Graph
from edgekeeper.models.learners.draft import Draft
from edgekeeper.models.learners.trees import FlatTrees, Split, add_trees, tree_graph
from edgekeeper.models.sessions import session_of
from edgekeeper.models.tree_nodes import cut
from edgekeeper.models.tree_walk import Walker

COLUMNS = 5
HARD = [0.0, -0.0, 1.0, -1.0, 0.1, 1e-45, -1e-45, 1e-40, 3.4e38, -3.4e38, np.inf, -np.inf, np.nan]
THRESHOLDS = [0.0, -0.0, 0.1, float(np.float32(0.1)), 1e-45, 1e-300, -1e-300, 1e300, -1e300]

splits = st.builds(
    Split,
    st.integers(0, COLUMNS - 1),
    st.one_of(st.sampled_from(THRESHOLDS), st.floats(-2, 2)),
    st.booleans(),
    st.deferred(lambda: branches),
    st.deferred(lambda: branches),
)
branches = st.one_of(st.floats(-1, 1), splits)


def grown(rng, depth, stop=0.1):
    if depth == 0 or rng.random() < stop:
        return float(rng.standard_normal())
    return Split(
        int(rng.integers(COLUMNS)),
        float(rng.choice(THRESHOLDS)) if rng.random() < 0.2 else float(rng.standard_normal()),
        bool(rng.integers(2)),
        grown(rng, depth - 1, stop),
        grown(rng, depth - 1, stop),
    )


def hard_rows(rng, count):
    rows = rng.standard_normal((count, COLUMNS)).astype(np.float32)
    odd = rng.random(rows.shape) < 0.3
    rows[odd] = rng.choice(np.array(HARD, dtype=np.float32), odd.sum())
    return rows


def graph_of(roots):
    trees = FlatTrees()
    for root in roots:
        trees.add(root)
    return tree_graph(trees, COLUMNS)


def runtime(data, rows):
    return session_of(data).run(["score"], {"features": rows})[0][:, 0]


def same_bits_in_any_number(graph, expected, rows):
    assert graph.score(rows).tobytes() == expected.tobytes()
    for size in (1, 12, 13, 16, 65):
        parts = [graph.score(rows[i : i + size]) for i in range(0, len(rows), size)]
        assert np.concatenate(parts).tobytes() == expected.tobytes()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(branches, min_size=1, max_size=20), st.integers(0, 1_000))
def test_any_trees(roots, seed):
    data = graph_of(roots)
    rows = hard_rows(np.random.default_rng(seed), 80)
    (trees,) = cut(data, COLUMNS).trees.values()
    walker = Walker(trees)
    expected = runtime(data, rows)
    assert np.array_equal(walker.sums(rows), expected)
    assert np.array_equal(np.concatenate([walker.sums(row[None]) for row in rows]), expected)


@pytest.mark.parametrize(("depth", "stop"), [(3, 0.0), (6, 0.0), (7, 0.0), (10, 0.1), (40, 0.45)])
def test_shallow_and_deep_trees_in_any_number_of_rows(depth, stop):
    rng = np.random.default_rng(depth)
    data = graph_of([grown(rng, depth, stop) for _ in range(37)])
    rows = hard_rows(rng, 300)
    same_bits_in_any_number(Graph(data, COLUMNS), runtime(data, rows), rows)


def test_several_sums_in_one_graph():
    rng = np.random.default_rng(0)
    draft, sums = Draft(), []
    for depth in (2, 7):
        trees = FlatTrees()
        for _ in range(11):
            trees.add(grown(rng, depth))
        sums.append(add_trees(draft, trees, draft.x))
    data = draft.serialise(draft.smooth("Tanh", draft.add("Add", *sums), 1), COLUMNS)
    assert len(cut(data, COLUMNS).trees) == 2
    rows = hard_rows(rng, 200)
    same_bits_in_any_number(Graph(data, COLUMNS), runtime(data, rows), rows)


def test_read_only_rows_compile_nothing_new():
    rng = np.random.default_rng(1)
    graph = Graph(graph_of([grown(rng, 3)]), COLUMNS)
    rows = hard_rows(rng, 100)
    expected = graph.score(rows)
    rows.flags.writeable = False
    assert graph.score(rows).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("aggregate_function", 0), ("aggregate_function", 3), ("post_transform", 2)],
)
def test_other_operators_stay_in_the_graph(attribute, value):
    model = onnx.load_from_string(graph_of([Split(0, 0.5, True, -1.0, 1.0)] * 3))
    node = next(node for node in model.graph.node if node.op_type == "TreeEnsemble")
    next(each for each in node.attribute if each.name == attribute).i = value
    data = model.SerializeToString()
    assert not cut(data, COLUMNS).trees
    rows = hard_rows(np.random.default_rng(2), 30)
    assert np.array_equal(Graph(data, COLUMNS).score(rows), runtime(data, rows))


def test_trees_that_reach_outside_are_left_to_onnx_runtime():
    def changed(change):
        model = onnx.load_from_string(graph_of([Split(1, 0.5, True, -1.0, 1.0)] * 3))
        node = next(node for node in model.graph.node if node.op_type == "TreeEnsemble")
        change({each.name: each.ints for each in node.attribute})
        return cut(model.SerializeToString(), COLUMNS).trees

    assert changed(lambda lists: None)
    assert not changed(lambda lists: lists["nodes_featureids"].__setitem__(0, COLUMNS))
    assert not changed(lambda lists: lists["nodes_featureids"].__setitem__(0, -1))
    assert not changed(lambda lists: lists["nodes_trueleafs"].__setitem__(0, 0))
    assert not changed(lambda lists: lists["nodes_truenodeids"].__setitem__(0, 6))
    assert not changed(lambda lists: lists["tree_roots"].__setitem__(0, 1))
    assert not changed(lambda lists: lists["leaf_targetids"].__setitem__(0, 1))


def test_the_rest_is_a_model_without_trees():
    parts = cut(graph_of([Split(0, 0.5, True, -1.0, 1.0)] * 3), COLUMNS)
    model = onnx.load_from_string(parts.rest)
    assert {node.op_type for node in model.graph.node} == parts.operators == {"Cast", "Identity"}
    assert {each.name for each in model.graph.input} == {"features", *parts.trees}
