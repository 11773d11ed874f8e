"""Figures that rules of alerts are asked about, from records with a known answer."""

import math

import numpy as np
import pytest

from edgekeeper.alerts import Fanout
from edgekeeper.config import AlertsConfig
from edgekeeper.ledger import Ledger
from edgekeeper.watch import Sentinel
from edgekeeper.watch.figures import FigureReader
from edgekeeper.watch.weekly import week_of

MINE, DAY = "edgekeeper", 86_400 * 10**9
START = week_of(1_700_000_000 * 10**9)


@pytest.fixture
def ledger():
    with Ledger.open("sqlite://") as opened:
        yield opened


def trades(ledger, account, returns, model=None, first=0):
    """Trades an hour apart, each decided an hour before its exit."""
    exits = START + (first + np.arange(len(returns))) * 3_600 * 10**9
    with ledger.transaction("trade", event_time_ns=int(exits[-1])) as tx:
        tx.append("trades", {"exit_time_ns": exits, "decision_time_ns": exits - 10,
                             "account": account, "symbol": "A", "side": "long",
                             "net_return": returns, "model": model})  # fmt: skip


def forecasts(ledger, expected, package="p", probability=0.5):
    times = START + np.arange(len(expected)) * 3_600 * 10**9 - 10
    with ledger.transaction("trade", event_time_ns=int(times[-1])) as tx:
        tx.append("forecasts", {"event_time_ns": times, "symbol": "A", "line": "trees",
                                "package": package, "expected_return_long": expected,
                                "expected_return_short": -1.0,
                                "probability_long": probability})  # fmt: skip
        tx.append("stages", {"event_time_ns": int(times[0]), "line": "trees",
                             "to_stage": "shadow", "reason": "in shadow: x",
                             "actor": "rule"})  # fmt: skip


def read(ledger, recent=100, until=START + 365 * DAY):
    return {f.metric: f for f in FigureReader(ledger, recent).read(until)}


def test_nothing_on_record_is_nothing_known(ledger):
    assert read(ledger) == {}


def test_accuracy_and_win_rate_beside_the_rules(ledger):
    returns = np.where(np.arange(50) < 20, 0.01, -0.01)  # 40 % won
    trades(ledger, MINE, returns, "p")
    trades(ledger, "rules", np.where(np.arange(50) < 30, 0.01, -0.01))  # 60 % won
    forecasts(ledger, np.where(np.arange(50) < 30, 0.01, -0.01))  # wrong for ten of them
    found = read(ledger)
    assert found["accuracy"].value == 0.8
    assert found["accuracy"].count == 50
    assert found["win_rate_gap"].value == pytest.approx(-0.2)
    newest = read(ledger, recent=25)
    assert newest["accuracy"].value == pytest.approx(20 / 25)
    assert newest["win_rate_gap"].value == pytest.approx(0.0 - 5 / 25)


def test_trades_of_the_fallback_are_not_the_models(ledger):
    trades(ledger, MINE, np.full(30, -0.01))
    trades(ledger, "rules", np.full(30, 0.01))
    assert read(ledger) == {}


def test_drawdown_and_latency(ledger):
    with ledger.transaction("trade", event_time_ns=START) as tx:
        tx.append("equity", {"event_time_ns": [START, START + 1, START + 2], "account": MINE,
                             "equity": [100.0, 120.0, 90.0]})  # fmt: skip
        tx.append("stretches", {"event_time_ns": [1, 2, 3], "number": [0, 1, 2],
                                "kind": ["bars", "bars", "boundary"],
                                "latency_ms": [5.0, 250.0, None]})  # fmt: skip
    reader = FigureReader(ledger, 10)
    found = {f.metric: f.value for f in reader.read(START + 2)}
    assert found == {"drawdown": 0.25, "latency_ms": 250.0}
    with ledger.transaction("trade", event_time_ns=START + 3) as tx:
        tx.append("equity", {"event_time_ns": START + 3, "account": MINE, "equity": math.nan})
    assert math.isnan({f.metric: f.value for f in reader.read(START + 3)}["drawdown"])


def test_forecasts_that_are_spread_otherwise_are_odd_and_those_of_another_fit_are_not(ledger):
    rng = np.random.default_rng(1)
    p = np.r_[rng.normal(0.5, 0.05, 200), rng.normal(0.6, 0.05, 100)]
    forecasts(ledger, np.zeros(300), probability=p)
    assert read(ledger)["forecast_shift"].value > 1.0
    same = read(ledger, until=START + 199 * 3_600 * 10**9)
    assert same["forecast_shift"].value < 0.25
    forecasts(ledger, np.zeros(300), "q", probability=np.r_[p[:250], p[:50]])
    assert "forecast_shift" not in read(ledger, recent=160), "too few of one package"


def test_the_sentinel_tells_of_a_fall_once_and_remembers_over_a_restart(ledger):
    def mark(time_ns, equity):
        with ledger.transaction("trade", event_time_ns=time_ns) as tx:
            tx.append("equity", {"event_time_ns": time_ns, "account": MINE, "equity": equity})

    def look(sentinel, time_ns):
        return [alert.rule for alert in sentinel.look(time_ns)]

    first = Sentinel(ledger, Fanout([]), settings=AlertsConfig())
    mark(START, 100.0)
    assert look(first, START) == []
    mark(START + 1, 80.0)
    assert look(first, START + 1) == ["drawdown_critical"]
    mark(START + 2, 79.0)
    assert look(first, START + 2) == []
    again = Sentinel(ledger, Fanout([]), settings=AlertsConfig())
    mark(START + 3, 78.0)
    assert look(again, START + 3) == []
    mark(START + 4, 95.0)
    assert look(again, START + 4) == ["drawdown_critical_cleared"]


def test_a_week_is_summed_up_once(ledger):
    sentinel = Sentinel(ledger, Fanout([]), settings=AlertsConfig())
    sentinel.look(START)
    trades(ledger, MINE, np.full(30, 0.01))
    with ledger.transaction("trade", event_time_ns=START) as tx:
        tx.append("equity", {"event_time_ns": [START, START + DAY], "account": MINE,
                             "equity": [100.0, 101.0]})  # fmt: skip
    with ledger.transaction("learn", event_time_ns=START) as tx:
        tx.append("packages", {"fitted_at_ns": [START, START], "hash": ["a", "b"],
                               "line": ["trees", "linear"], "refit_index": 0,
                               "verdict": ["accepted", "vetoed"]})  # fmt: skip
    told = [a for a in sentinel.look(START + 8 * DAY) if a.rule == "weekly"]
    assert [a.severity for a in told] == ["info"]
    assert told[0].message == ("the week: 1 of 2 fits accepted (trees); 30 trades; equity +1.00%")
    assert [a for a in sentinel.look(START + 9 * DAY) if a.rule == "weekly"] == []
    again = Sentinel(ledger, Fanout([]), settings=AlertsConfig())
    assert [a for a in again.look(START + 10 * DAY) if a.rule == "weekly"] == []
    assert [a.rule for a in again.look(START + 15 * DAY)] == ["weekly"]
