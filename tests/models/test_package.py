import contextlib
import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData, Refused
from edgekeeper.models import build_package, load_package
from edgekeeper.models.canonical import canonical_bytes, sha256
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.package import LIMITS, PackageBytes, is_hash
from edgekeeper.types import Forecasts

from .conftest import COLUMNS, ON_SHELF, provenance, train

NAMES = tuple(LIMITS)


def resealed(package, change):
    """A package whose manifest was changed by someone who knows how to make checksums."""
    manifest = json.loads(package.files["manifest.json"])
    change(manifest)
    return PackageBytes.seal(manifest, package.files["model.onnx"]).files


@pytest.mark.parametrize("name", ON_SHELF)
def test_packaged_equals_trained(name, rows):
    model = train(name)
    features, volatility = rows[0].copy(), rows[1].copy()
    features[::5, ::2] = np.nan
    features[3], volatility[4] = np.nan, np.nan
    package = load_package(
        build_package(model, provenance(), features=features, volatility=volatility).files
    )
    ours, theirs = model.forecast(features, volatility), package.forecast(features, volatility)
    for field in dataclasses.fields(Forecasts):
        trained, packaged = getattr(ours, field.name), getattr(theirs, field.name)
        assert np.array_equal(np.isnan(trained), np.isnan(packaged))
        assert np.nanmax(np.abs(trained - packaged)) <= 1e-6
    assert np.isnan(theirs.probability[3:5]).all()
    assert np.isfinite(theirs.probability[5:]).all()
    assert package.manifest.parity.rows == 2_000
    assert 600 < package.manifest.parity.rows_with_nan <= 2_000


def test_a_package_that_compares_symbols(model, rows, package):
    relative = dataclasses.replace(model, heads=dataclasses.replace(model.heads, relative=True))
    features, volatility = rows
    time = 10**18 + np.repeat(np.arange(500), 4)
    given = {"features": features, "volatility": volatility}
    sealed = build_package(relative, provenance(), **given, event_time=time)
    assert sealed.hash != package.hash
    served = load_package(sealed.files)
    assert served.manifest.heads.relative
    assert served.manifest.parity.rows == 2_000
    ours, theirs = (each.forecast(*rows, time) for each in (relative, served))
    for field in dataclasses.fields(Forecasts):
        trained, packaged = getattr(ours, field.name), getattr(theirs, field.name)
        assert packaged == pytest.approx(trained, abs=1e-6)
    assert not np.array_equal(theirs.expected_return, model.forecast(*rows).expected_return)
    for without in (lambda: served.forecast(*rows), lambda: relative.forecast(*rows)):
        with pytest.raises(BadData, match="compares the symbols of a bar: expected event_time"):
            without()
    with pytest.raises(BadData, match="compares the symbols of a bar"):
        build_package(relative, provenance(), **given)


def test_same_model_same_hash_and_any_change_another(model, rows, package):
    def again(record, of=model):
        return build_package(of, record, features=rows[0], volatility=rows[1]).hash

    assert again(provenance()) == package.hash == again(provenance(), train())
    assert is_hash(package.hash)
    assert again(provenance(created_at=1)) != package.hash
    assert again(provenance(), dataclasses.replace(model, seed=8)) != package.hash


def test_manifest_says_everything(package, model):
    manifest = load_package(package.files).manifest
    assert list(manifest.features.items()) == list(model.features.items())  # order counts
    assert manifest.volatility == model.volatility
    assert (manifest.learner, manifest.seed) == ("lightgbm", 7)
    assert manifest.parameters == model.parameters
    made = manifest.provenance
    assert made.lineage == provenance().lineage
    assert made.data == provenance().data
    assert made.labels == {"horizon": 10, "target": 2.0, "stop": 1.0}
    assert made.op_versions == {"lag": 1, "std": 2}
    assert made.metrics["auc"] == 0.53
    assert np.isnan(made.metrics["sharpe"])
    assert made.gates == {"hold-out": {"passed": True, "evidence": [0.1, 0.2]}}
    assert manifest.to_json() == json.loads(package.files["manifest.json"])
    assert "line-1" in repr(load_package(package.files))


def test_loading_and_forecasting_need_no_training_library(package, tmp_path):
    for name, data in package.files.items():
        (tmp_path / name).write_bytes(data)
    code = f"""
import sys, pathlib, numpy as np
from edgekeeper.models import load_package
folder = pathlib.Path({str(tmp_path)!r})
package = load_package({{f.name: f.read_bytes() for f in folder.iterdir()}})
out = package.forecast(np.zeros((1, {COLUMNS}), np.float32), np.array([0.01]))
assert np.isfinite(out.probability).all()
heavy = {{"lightgbm", "xgboost", "sklearn", "onnx", "pandas", "torch"}}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "flipped", "random", "huge"])
def test_damaged_files_are_refused_by_name(package, name, damage):
    files = dict(package.files)
    data = files.pop(name)
    if damage != "missing":
        middle = len(data) // 2
        files[name] = {
            "empty": b"",
            "cut": data[:middle],
            "flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
            "random": np.random.default_rng(0).bytes(len(data)),
            "huge": bytes(LIMITS[name] + 1) if LIMITS[name] < 2**24 else b"",
        }[damage]
    with pytest.raises(BadData, match=name if name != "checksums.json" else "json|onnx"):
        load_package(files)


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(NAMES), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_flipped_bit_goes_unnoticed(package, name, place, bit):
    data = bytearray(package.files[name])
    data[int(place * len(data))] ^= 1 << bit
    with pytest.raises(BadData, match=r"expected|unknown"):
        load_package({**package.files, name: bytes(data)})


@settings(max_examples=60, deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_changed_graph_with_new_checksums_is_another_package_or_none(package, place, byte):
    """What only the hash can notice must change the hash, and never end in a crash."""
    graph = bytearray(package.files["model.onnx"])
    at = int(place * len(graph))
    if graph[at] == byte:
        return
    graph[at] = byte
    forged = PackageBytes.seal(json.loads(package.files["manifest.json"]), bytes(graph))
    assert forged.hash != package.hash
    with contextlib.suppress(BadData):
        load_package(forged.files)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format=3), "format 1 to 2, got 3"),
        (lambda m: m.update(format="1"), "whole number"),
        (lambda m: m.pop("heads"), "heads"),
        (lambda m: m.update(surprise=1), "surprise"),
        (lambda m: m.update(features=[]), "at least one feature"),
        (lambda m: m["features"].append(m["features"][0]), "each name once"),
        (lambda m: m["features"].append(["new", "close"]), "new"),
        (lambda m: m["features"].append("close"), "pairs"),
        (lambda m: m["heads"].update(horizon=-1), "horizon"),
        (lambda m: m["reference"].popitem(), "reference"),
        (lambda m: m["lineage"].update(refit=1.5), "refit"),
        (lambda m: m["lineage"].update(parent=3), "parent"),
        (lambda m: m["data"].update(symbols=["A", 3]), "symbols"),
        (lambda m: m["metrics"].update(auc="high"), "metrics.auc"),
        (lambda m: m["op_versions"].update(lag="1"), "op_versions.lag"),
        (lambda m: m.update(gates=[]), "gates"),
        (lambda m: m.update(created_at=None), "created_at"),
    ],
)
def test_manifests_of_another_shape_are_refused(package, change, message):
    with pytest.raises(BadData, match=message):
        load_package(resealed(package, change))


def test_a_graph_of_another_model_is_refused(package, model):
    manifest = json.loads(package.files["manifest.json"])
    graphs = {
        "as in the manifest": model.fitted.to_onnx(COLUMNS + 1),
        "finite": ConstantScore(float("nan")).to_onnx(COLUMNS),
        "functions, training": model.fitted.to_onnx(COLUMNS) + b"\xca\x01\x00",
        "valid model": b"\x08\x0a" * 50,
        "cut off": model.fitted.to_onnx(COLUMNS)[:-3],
    }
    for message, graph in graphs.items():
        with pytest.raises(BadData, match=f"model.onnx.*{message}"):
            load_package(PackageBytes.seal(manifest, graph).files)


def test_files_that_do_not_belong_are_refused(package):
    with pytest.raises(BadData, match="evil"):
        load_package({**package.files, "../evil.py": b"x"})


def test_checksums_have_one_spelling(package):
    spaced = json.dumps(json.loads(package.files["checksums.json"])).encode()
    with pytest.raises(BadData, match=r"checksums\.json"):
        load_package({**package.files, "checksums.json": spaced})
    assert sha256(package.files["checksums.json"]) == package.hash
    assert canonical_bytes(json.loads(package.files["checksums.json"])) != spaced


class Lying:
    """A learner whose graph is not what it learned."""

    def __init__(self, score, graph=0.0):
        self._score, self._graph = score, graph

    def score(self, features):
        return self._score(features)

    def to_onnx(self, n_features):
        return ConstantScore(self._graph).to_onnx(n_features)


@pytest.mark.parametrize(
    "score",
    [
        lambda x: np.full(len(x), 2e-6),
        lambda x: np.where(np.isnan(x).all(axis=1), 1.0, 0.0),  # wrong for NaN rows alone
        lambda x: np.full(len(x), np.nan),
        lambda x: np.zeros((len(x), 1)),
    ],
)
def test_the_parity_gate_refuses(model, rows, score):
    wrong = dataclasses.replace(model, fitted=Lying(score))
    with pytest.raises(Refused, match="score"):
        build_package(wrong, provenance(), features=rows[0], volatility=rows[1])


def test_the_parity_gate_lets_rounding_pass(model, rows):
    near = dataclasses.replace(model, fitted=Lying(lambda x: np.full(len(x), 1e-9)))
    package = build_package(near, provenance(), features=rows[0], volatility=rows[1])
    assert 0 < load_package(package.files).manifest.parity.largest_difference < 1e-6


def test_packaging_leaves_the_rows_alone_and_needs_some(model, rows):
    before = rows[0].copy()
    build_package(model, provenance(), features=rows[0][:20], volatility=rows[1][:20])
    assert np.array_equal(before, rows[0], equal_nan=True)
    with pytest.raises(BadData, match="rows"):
        build_package(model, provenance(), features=rows[0][:0], volatility=rows[1][:0])


def test_metadata_without_a_spelling_is_refused(model, rows):
    with pytest.raises(BadData, match="labels"):
        build_package(model, provenance(labels={"fn": print}), features=rows[0], volatility=rows[1])


def test_hostile_inputs_to_forecast(package):
    served = load_package(package.files)
    assert len(served.forecast(np.empty((0, COLUMNS), np.float32), np.empty(0))) == 0
    for features, volatility in (
        (np.zeros((2, COLUMNS + 1), np.float32), np.zeros(2)),
        (np.zeros(COLUMNS, np.float32), np.zeros(1)),
        (np.zeros((2, COLUMNS), np.float32), np.zeros(3)),
        (np.full((2, COLUMNS), "x"), np.zeros(2)),
    ):
        with pytest.raises(BadData, match="expected"):
            served.forecast(features, volatility)
    wild = np.full((2, COLUMNS), 1e38, np.float32)
    wild[1] = np.inf
    out = served.forecast(wild, np.full(2, 0.01))
    assert np.isfinite(out.probability).all()
    assert (out.novelty == 1.0).all()
    slanted = np.asfortranarray(np.zeros((4, COLUMNS)))
    assert np.isfinite(served.forecast(slanted, np.full(4, 0.01)).probability).all()


def test_bits_do_not_depend_on_how_many_rows_go_in(package, rows):
    served = load_package(package.files)
    whole = served.forecast(*rows)
    for size in (1, 3, 64):
        for start in (0, 500, 1_937):
            part = served.forecast(rows[0][start : start + size], rows[1][start : start + size])
            for field in dataclasses.fields(Forecasts):
                expected = getattr(whole, field.name)[start : start + size]
                assert np.array_equal(getattr(part, field.name), expected, equal_nan=True)
