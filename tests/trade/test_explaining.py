"""Explanations beside large decisions: which ones get them, and that they hold."""

import json

import numpy as np
import pytest

from edgekeeper.config import ExplainConfig
from edgekeeper.explain import why

ABOVE = 0.04


@pytest.fixture(scope="module")
def run(start_run, flip, eager):
    """The run that found an edge, sized by volatility, its larger decisions explained."""
    policy = eager.policy.model_copy(update={"sizing": "volatility"})
    rule = ExplainConfig(store_above=ABOVE, keep=3)
    return start_run(flip.bars, eager.model_copy(update={"policy": policy, "explain": rule})).all()


def decisions(run):
    rows = run.ledger.read("decisions", where={"account": "edgekeeper"})
    return rows.filter(rows["model"].is_not_null() & (rows["decision"] != "skip"))


def test_every_large_decision_of_a_model_and_no_other_has_its_reasons(run):
    made = decisions(run)
    large = made.filter(made["size"] >= ABOVE)
    assert 0 < large.height < made.height
    kept = run.ledger.read("explanations")
    keys = ["event_time_ns", "symbol", "side", "model"]
    assert kept.select(keys).rows() == large.select(keys).rows()
    assert set(kept["account"]) == {"edgekeeper"}


def test_the_parts_are_those_of_the_score_that_was_traded(run):
    for row in run.ledger.read("explanations").tail(3).iter_rows(named=True):
        package = run.registry.load(row["model"])
        here = run.bars.event_time == row["event_time_ns"]
        here &= run.bars.symbol == run.bars.symbols.index(row["symbol"])
        features = run.matrix(package)[here]
        assert row["score"] == pytest.approx(float(package.score(features)[0]), abs=1e-12)
        parts = json.loads(row["parts_json"])
        assert len(parts) == 3
        sizes = [abs(part["adds"]) for part in parts]
        assert sizes == sorted(sizes, reverse=True)
        for part in parts:
            value = features[0, list(package.features).index(part["feature"])]
            assert part["value"] == pytest.approx(float(value), rel=1e-5)


def test_who_compares_symbols_is_explained_by_what_sets_one_apart(start_run, flip, eager):
    """Parts sum to the score that was traded: what it is beyond the mean of its bar."""
    policy = eager.policy.model_copy(update={"sizing": "volatility"})
    line = eager.lines[0].model_copy(update={"target": "relative"})
    rule = ExplainConfig(store_above=0.001, keep=100)
    changes = {"policy": policy, "explain": rule, "lines": (line,)}
    run = start_run(flip.bars, eager.model_copy(update=changes)).all()
    kept = run.ledger.read("explanations")
    assert kept.height > 10
    assert (kept["base"] == 0.0).all()
    bars, agreed = run.bars, 0
    for row in kept.tail(10).iter_rows(named=True):
        package = run.registry.load(row["model"])
        assert package.manifest.heads.relative
        bar = bars.event_time == row["event_time_ns"]
        own = bars.symbol[bar] == bars.symbols.index(row["symbol"])
        score = package.score(np.ascontiguousarray(run.matrix(package)[bar]))
        assert row["score"] == pytest.approx(float(score[own][0] - score.mean()), abs=1e-9)
        parts = json.loads(row["parts_json"])
        assert sum(part["adds"] for part in parts) == pytest.approx(row["score"], abs=1e-4)
        agreed += (row["score"] > 0.0) == (row["side"] == "long")
    assert agreed == 10


def test_what_is_off_leaves_no_trace(run, flip, eager):
    assert flip.ledger.read("explanations").height == 0
    off = eager.model_copy(update={"explain": ExplainConfig(store_above=0.0, keep=9)})
    assert off.hash() == eager.hash() != run.config.hash()


def test_why_tells_them(run):
    row = run.ledger.read("explanations").row(-1, named=True)
    told = why(run.ledger, row["symbol"], at_ns=row["event_time_ns"])
    assert told.because is not None
    assert told.because.score == row["score"]
    first = json.loads(row["parts_json"])[0]["feature"]
    assert any(part.feature == first for part in told.because.parts)
    assert "Mostly because of" in told.because.sentence
    small = decisions(run).filter(decisions(run)["size"] < ABOVE).row(0, named=True)
    assert why(run.ledger, small["symbol"], at_ns=small["event_time_ns"]).because is None
