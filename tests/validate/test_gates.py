from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from edgekeeper.config import GatesConfig
from edgekeeper.market import Convention, join_context
from edgekeeper.splits import HoldOut
from edgekeeper.train import train_candidate
from edgekeeper.types import Forecasts
from edgekeeper.validate import judge
from edgekeeper.worlds import make_world

# -- a column that knows the future -----------------------------------------------------------


@pytest.mark.parametrize("symbols", [1, 3])
def test_a_leaking_column_is_held_as_implausible(make_bench, lines, config, symbols):
    bars = make_world("leak", seed=2, symbols=symbols, bars=700).bars
    made = make_bench(bars, lines["hinted"])
    verdict = judge(made.candidate.judged, None, made.view, config)
    assert verdict.outcome == "needs_approval"
    assert verdict.hold_out.scores.auc > 0.8
    assert len(verdict.reasons) == 1
    assert "implausible, needs approval" in verdict.reasons[0]
    assert "ceiling 0.8" in verdict.reasons[0]


@pytest.mark.parametrize("symbols", [1, 3])
def test_the_same_column_declared_late_is_harmless(make_bench, lines, config, symbols):
    bars = make_world("leak", seed=2, symbols=symbols, bars=700, declared="late").bars
    made = make_bench(bars, lines["hinted"])
    verdict = judge(made.candidate.judged, None, made.view, config)
    assert verdict.outcome == "accepted"
    assert verdict.hold_out.scores.auc < 0.7


@pytest.mark.parametrize(
    ("stamp", "outcome"), [("claimed_known_time", "needs_approval"), ("known_time", "accepted")]
)
def test_facts_joined_by_their_known_time_cannot_leak(make_bench, lines, config, stamp, outcome):
    """The same facts through the market's own join: only a false stamp makes them dangerous."""
    world = make_world("leak", seed=5, symbols=1, bars=700)
    utc = pl.Datetime("ns", "UTC")
    facts = world.facts.select(
        timestamp=pl.col("event_time").cast(utc),
        value=pl.col("value"),
        known_time=pl.col(stamp).cast(utc),
    )
    how = Convention(stamp="end", venue="24/7")
    bars = join_context(replace(world.bars, context={}), {"HINT": facts}, how=how)
    made = make_bench(bars, lines["hinted"])
    assert judge(made.candidate.judged, None, made.view, config).outcome == outcome


@pytest.mark.parametrize("gates", [{"max_auc": 0.501}, {"max_sharpe": 0.01}])
def test_each_ceiling_alone_holds_a_fit(planted, config, gates):
    strict = config.model_copy(update={"gates": GatesConfig(min_samples=50, **gates)})
    assert judge(planted.candidate.judged, None, planted.view, config).outcome == "accepted"
    held = judge(planted.candidate.judged, None, planted.view, strict)
    assert held.outcome == "needs_approval"


# -- against the predecessor ------------------------------------------------------------------


def bad_refit(planted, line, config):
    """A fit on outcomes with both sides exchanged: it learns the opposite of the truth."""
    net = planted.data.labels.net_return[:, ::-1].copy()
    wrong = replace(planted.data, labels=replace(planted.data.labels, net_return=net))
    return train_candidate(
        wrong, line, config, now_ns=planted.view.now_ns, seed=1, hold_out=HoldOut(0.2)
    ).judged


def test_a_refit_clearly_worse_than_its_predecessor_is_vetoed(planted, lines, config):
    good = planted.candidate.judged
    bad = bad_refit(planted, lines["plain"], config)
    verdict = judge(bad, good, planted.view, config)
    assert verdict.outcome == "vetoed"
    assert "against the predecessor" in verdict.reasons[0]
    assert [gate.passed for gate in verdict.gates] == [True, False]
    # The other way round it is an improvement, and the first fit has nobody to be compared with.
    assert judge(good, bad, planted.view, config).outcome == "accepted"
    assert judge(bad, None, planted.view, config).outcome == "accepted"


def test_a_refit_like_its_predecessor_is_accepted(planted, config):
    good = planted.candidate.judged
    verdict = judge(good, good, planted.view, config)
    assert verdict.outcome == "accepted"
    assert verdict.reasons == ()
    assert "+0.0000" in verdict.gates[1].detail


def test_a_refit_that_forecasts_nothing_cannot_slip_through(planted, config):
    """All its probabilities are missing: nothing shows that it is not worse."""

    class Silent:
        def forecast(self, features, volatility, event_time):
            return Forecasts.empty(len(features))

    verdict = judge(Silent(), planted.candidate.judged, planted.view, config)
    assert verdict.outcome == "vetoed"
    assert verdict.hold_out.scores.count == 0


def test_a_few_rows_without_a_forecast_do_not_decide(planted, lines, config):
    """Rows of which nothing is known are left out of the comparison of the two fits."""
    matrix = planted.view.matrix.copy()
    matrix[planted.view.rows[:3]] = np.nan
    view = replace(planted.view, matrix=matrix)
    bad, good = bad_refit(planted, lines["plain"], config), planted.candidate.judged
    assert judge(good, bad, view, config).outcome == "accepted"
    assert judge(bad, good, view, config).outcome == "vetoed"


# -- profiles -----------------------------------------------------------------------------------


def with_gates(config, **gates):
    return config.model_copy(update={"gates": GatesConfig(min_samples=50, **gates)})


def test_asked_floors_veto_what_plain_gates_accept(planted, config):
    good = planted.candidate.judged
    asked = judge(good, good, planted.view, with_gates(config, profile="asked"), trials=12)
    assert asked.outcome == "vetoed"
    names = [gate.name for gate in asked.gates]
    assert names[:2] == ["plausible", "not worse than its predecessor"]
    assert names[2:7] == ["accuracy", "precision", "recall", "F1", "AUC"]
    assert names[-1] == "worse than the champion by"
    assert asked.gates[-1].figure == 0.0
    for gate in asked.gates:
        assert gate.trials == 12
        assert gate.window == planted.view.window


def test_every_asked_floor_can_be_lowered_until_a_fit_passes(planted, config):
    lowest = dict.fromkeys(
        ("min_accuracy", "min_precision", "min_recall", "min_f1", "min_auc"), 0.0
    ) | {"min_drawdown_cut": 0.0}
    relative = ("min_win_rate_gain", "min_profit_factor_gain", "min_sharpe_gain")
    easy = with_gates(config, profile="asked", **lowest, **dict.fromkeys(relative, -1.0))
    rules = np.where(np.arange(len(planted.view.bars)) % 7 == 0, 1, 0).astype(np.int8)
    view = replace(planted.view, rules=rules)
    verdict = judge(planted.candidate.judged, None, view, easy)
    assert verdict.outcome == "accepted", verdict.reasons
    strict = with_gates(config, profile="asked-start", min_accuracy=0.99)
    assert judge(planted.candidate.judged, None, view, strict).outcome == "vetoed"


def test_a_baseline_that_never_traded_passes_nobody(planted, config):
    verdict = judge(
        planted.candidate.judged, None, planted.view, with_gates(config, min_win_rate_gain=-0.9)
    )
    assert verdict.outcome == "vetoed"
    assert "unknown" in verdict.reasons[0]


def test_answers_are_plain_json(planted, config):
    import json

    verdict = judge(planted.candidate.judged, None, planted.view, config)
    records = json.loads(json.dumps([gate.record() for gate in verdict.gates], allow_nan=False))
    assert records[0]["threshold"] == 0.8
    assert records[0]["trials"] is None
