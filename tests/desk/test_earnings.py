"""What an account has earned, against the rows it is read from."""

import math

import pytest

from edgekeeper.desk import Desk
from edgekeeper.desk.earnings import read_earnings
from edgekeeper.errors import UsageError
from edgekeeper.ledger import Ledger


@pytest.fixture
def ledger(tmp_path):
    hour = 3_600 * 10**9
    with Ledger.open(tmp_path / "ledger.sqlite") as record:
        with record.transaction("trade", event_time_ns=5) as tx:
            money = [100.0, 110.0, float("nan"), 88.0]
            tx.append("equity", {"event_time_ns": [1, 2, 3, 4], "account": "a", "equity": money})
            tx.append(
                "trades",
                {"exit_time_ns": [hour, 2 * hour, 3 * hour, 4 * hour],
                 "decision_time_ns": [0, 23 * hour, 24 * hour, 25 * hour], "account": "a",
                 "symbol": ["X", "X", "Y", "Y"], "side": "long",
                 "net_return": [0.02, -0.01, 0.04, float("nan")]},
            )  # fmt: skip
        yield record


def test_figures_by_hand(ledger):
    found = read_earnings(ledger, "a", "symbol")
    assert found.total_return == pytest.approx(-0.12)
    assert found.max_drawdown == found.drawdown == pytest.approx(0.2)
    assert (found.trades.trades, found.trades.win_rate) == (3, pytest.approx(2 / 3))
    assert found.trades.profit_factor == pytest.approx(6.0)
    by_name = {group.name: group for group in found.groups}
    assert by_name["X"].mean_return == pytest.approx(0.005)
    assert (by_name["Y"].trades, math.isnan(by_name["Y"].profit_factor)) == (1, True)


def test_hours_and_days_are_those_of_the_decision(ledger):
    hours = {group.name for group in read_earnings(ledger, "a", "hour").groups}
    assert hours == {"00:00", "23:00", "01:00"}
    days = {group.name: group.trades for group in read_earnings(ledger, "a", "weekday").groups}
    assert days == {"Thursday": 2, "Friday": 1}
    assert [one.name for one in read_earnings(ledger, "a", "model").groups] == ["the fallback"]
    assert [one.name for one in read_earnings(ledger, "a", "regime").groups] == ["unknown"]


def test_what_is_not_there_is_named(ledger):
    with pytest.raises(UsageError, match="there are a"):
        read_earnings(ledger, "b")
    with pytest.raises(UsageError, match="expected groups by symbol"):
        read_earnings(ledger, "a", "moon")


def test_refits_wait_until_a_fit_has_come(tmp_path):
    config = '{"lines": [{"name": "l"}], "refits": {"schedule": "clock", "daily": "02:00"}}'
    run = {"started_market_ns": 1, "run_id": "r", "config_hash": "c", "config_json": config,
           "data_hash": "d"}  # fmt: skip
    asked = {"event_time_ns": 7, "line": "l", "package": "p", "reason": "loss",
             "sentence": "it got worse"}  # fmt: skip
    fit = {"fitted_at_ns": 9, "hash": "h", "line": "l", "verdict": "vetoed"}
    with Ledger.open(tmp_path / "ledger.sqlite") as record, Desk(tmp_path) as desk:
        with record.transaction("trade", event_time_ns=7) as tx:
            tx.append("runs", run)
            tx.append("refit_requests", asked)
        waiting = desk.refits()
        assert (waiting.schedule, waiting.daily) == ("clock", "02:00")
        assert (waiting.lines[0].asked_ns, waiting.lines[0].asked_because) == (7, "it got worse")
        with record.transaction("trade", event_time_ns=9) as tx:
            tx.append("packages", fit)
        (line,) = desk.refits().lines
        assert (line.fits, line.accepted, line.verdict, line.asked_ns) == (1, 0, "vetoed", None)


def test_pages_go_on_before_a_row(ledger, tmp_path):
    with Desk(tmp_path) as desk:
        first = desk.rows("equity", ["entry", "event_time_ns"], limit=3)
        assert first["event_time_ns"].to_list() == [4, 3, 2]
        rest = desk.rows("equity", ["event_time_ns"], before=int(first["entry"][-1]))
        assert rest["event_time_ns"].to_list() == [1]
