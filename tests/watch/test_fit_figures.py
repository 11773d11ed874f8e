"""Importance that moved, and drift that asked for another fit: figures, and the alerts of them."""

import pytest

from edgekeeper.alerts import Fanout
from edgekeeper.config import AlertsConfig
from edgekeeper.ledger import Ledger
from edgekeeper.watch import Sentinel
from edgekeeper.watch.fit_figures import FitFigures

DAY = 86_400 * 10**9


@pytest.fixture
def ledger():
    with Ledger.open("sqlite://") as opened:
        yield opened


def fit(ledger, day, shift=None, verdict="accepted", line="trees"):
    with ledger.transaction("learn", event_time_ns=day * DAY) as tx:
        tx.append("packages", {"fitted_at_ns": day * DAY, "hash": f"{line}{day}", "line": line,
                               "verdict": verdict,
                               "metrics_json": {"importance_shift": shift}})  # fmt: skip


def drift(ledger, day, reason="inputs", line="trees"):
    with ledger.transaction("trade", event_time_ns=day * DAY) as tx:
        tx.append("refit_requests", {"event_time_ns": day * DAY, "line": line, "package": "p",
                                     "reason": reason, "sentence": "x"})  # fmt: skip


def read(figures, day):
    return {(one.metric, one.cause): one for one in figures.read(day * DAY)}


def test_importance_is_held_against_what_is_usual_for_the_line(ledger):
    fit(ledger, 1)
    for day, shift in enumerate((0.15, 0.12, 0.18, 0.14, 0.16), start=2):
        fit(ledger, day, shift)
        fit(ledger, day, 0.6 + shift, line="restless")
    figures = FitFigures(ledger)
    usual = read(figures, 10)["importance_shift", "line trees"]
    assert abs(usual.value) < 1.0
    assert usual.count == 4
    fit(ledger, 11, 0.9, verdict="vetoed")
    assert read(figures, 11)["importance_shift", "line trees"] == usual
    fit(ledger, 12, 0.9)
    fit(ledger, 12, 0.9, line="restless")
    found = read(figures, 12)
    assert found["importance_shift", "line trees"].value > 5.0
    assert found["importance_shift", "line restless"].value < 3.0
    assert read(FitFigures(ledger), 10)["importance_shift", "line trees"] == usual


def test_drift_stands_until_a_fit_was_accepted_since(ledger):
    figures = FitFigures(ledger)
    assert read(figures, 1) == {}
    drift(ledger, 2)
    assert read(figures, 2)["drift", "line trees"].value == 1.0
    drift(ledger, 3, "loss")
    drift(ledger, 3, "loss")
    fit(ledger, 3, verdict="vetoed")
    assert read(figures, 3)["drift", "line trees"].value == 2.0
    fit(ledger, 4)
    assert read(figures, 4)["drift", "line trees"].value == 0.0
    assert read(FitFigures(ledger), 3)["drift", "line trees"].value == 2.0


def test_drift_that_is_answered_at_once_is_told_all_the_same(ledger):
    figures = FitFigures(ledger)
    read(figures, 1)
    drift(ledger, 2)
    fit(ledger, 2)
    assert read(figures, 2)["drift", "line trees"].value == 1.0
    assert read(figures, 3)["drift", "line trees"].value == 0.0
    assert read(FitFigures(ledger), 3)["drift", "line trees"].value == 0.0


def test_the_sentinel_tells_of_both_once_and_when_they_are_over(ledger):
    sentinel = Sentinel(ledger, Fanout([]), settings=AlertsConfig(weekly=False))

    def told(day):
        mine = ("drift", "importance")
        return [one.rule for one in sentinel.look(day * DAY) if one.rule.startswith(mine)]

    for day in range(1, 8):
        fit(ledger, day, None if day == 1 else 0.15)
    assert told(8) == []
    drift(ledger, 9)
    assert told(9) == ["drift"]
    drift(ledger, 10, "loss")
    assert told(10) == []
    fit(ledger, 11, 0.9)
    assert sorted(told(11)) == ["drift_cleared", "importance_changed"]
    fit(ledger, 12, 0.15)
    assert told(12) == ["importance_changed_cleared"]
    again = Sentinel(ledger, Fanout([]), settings=AlertsConfig(weekly=False))
    assert [one for one in again.look(12 * DAY) if "cleared" not in one.rule] == []


def test_a_rule_that_is_off_says_nothing(ledger):
    off = AlertsConfig.model_validate({"drift": {"enabled": False}, "weekly": False})
    sentinel = Sentinel(ledger, Fanout([]), settings=off)
    drift(ledger, 2)
    assert sentinel.look(2 * DAY) == []
