import dataclasses

from edgekeeper.models import build_package, load_package
from edgekeeper.models.difference import Change, compare

from .conftest import provenance


def manifest(model, rows, **changes):
    made = build_package(model, provenance(**changes), features=rows[0], volatility=rows[1])
    return load_package(made.files).manifest


def test_what_changed_and_nothing_else(model, rows):
    texts = dict(model.features)
    first, second = list(texts)[:2]
    texts[first] = "ret(close, 3)"
    texts["new"] = texts.pop(second)
    reordered = dataclasses.replace(
        model,
        features=texts,
        reference=model.reference,
        parameters={**model.parameters, "trees": 7},
    )
    before = manifest(model, rows)
    gates = {"outcome": "vetoed", "gates": [["veto", False, "worse by 3 errors"]]}
    window = dataclasses.replace(provenance().data, rows=4_000, symbols=("AAPL",))
    after = manifest(reordered, rows, metrics={"auc": 0.6}, gates=gates, data=window)
    changed = compare(before, after)
    assert changed.features == {
        first: Change(model.features[first], "ret(close, 3)"),
        second: Change(model.features[second], None),
        "new": Change(None, model.features[second]),
    }
    assert changed.moved is False
    assert changed.window == {
        "rows": Change(3_000, 4_000),
        "symbols": Change(["AAPL", "Ünïcode"], ["AAPL"]),
    }
    assert changed.parameters == {"lightgbm.trees": Change(model.parameters.get("trees"), 7)}
    assert changed.metrics == {"auc": Change(0.53, 0.6), "sharpe": Change(None, None)}
    assert changed.reasons == {
        "outcome": Change(None, "vetoed"),
        "veto": Change(None, "failed: worse by 3 errors"),
    }


def test_a_package_does_not_differ_from_itself(package):
    same = load_package(package.files).manifest
    assert not any(dataclasses.asdict(compare(same, same)).values())
