"""Hours of refits: what is due, what was missed, what is too old; each ordered once."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger

from edgekeeper.clock import ManualClock
from edgekeeper.config import Config, RefitsConfig
from edgekeeper.ledger import Ledger
from edgekeeper.refit_clock import RefitClock, last_due, triggers_of

HOUR = 3_600 * 10**9
CONFIG = Config(refits=RefitsConfig(schedule="clock"))
LINES = [line.name for line in CONFIG.lines]


def at(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1e9)


@pytest.fixture
def ledger():
    with Ledger.open("sqlite://") as opened:
        yield opened


@pytest.fixture
def start(ledger):
    clocks = []

    def start_(now, triggers=None):
        clocks.append(RefitClock(CONFIG, ledger, ManualClock(at(now)), triggers))
        return clocks[-1]

    yield start_
    for clock in clocks:
        clock.close()


def fitted(ledger, when):
    with ledger.transaction("learn") as tx:
        for line in LINES:
            tx.append("packages", {"fitted_at_ns": at(when), "hash": line, "line": line,
                                   "refit_index": 0, "verdict": "vetoed"})  # fmt: skip


def ordered(ledger, orders, when):
    with ledger.transaction("trade") as tx:
        for order in orders:
            row = {"event_time_ns": at(when), "after": 3, **order.columns(), "outcome": "done"}
            tx.append("obeyed", row)


def jobs(orders):
    return [(order.subject, order.detail["job"]) for order in orders]


def test_the_hours_are_those_of_the_time_zone():
    refits = RefitsConfig(daily="02:00", weekly="sun 03:00", time_zone="Europe/Paris")
    triggers = triggers_of(refits)
    now = at("2026-03-30T12:00")  # the Sunday before, 02:00 there was none: clocks went to 03:00
    assert last_due(triggers["daily"], now, timedelta(days=2)) == at("2026-03-30T00:00")
    assert last_due(triggers["weekly"], now, timedelta(days=8)) == at("2026-03-29T01:00")
    assert last_due(triggers["weekly"], now, timedelta(hours=1)) is None


def test_what_was_missed_is_ordered_once(ledger, start):
    fitted(ledger, "2026-03-12T21:00")
    orders = start("2026-03-16T12:00").orders(at("2026-03-13T20:00"), set())
    assert jobs(orders) == [(line, "weekly") for line in LINES]  # stands for the daily ones
    assert orders[0].detail["due_ns"] == at("2026-03-15T03:00")
    assert {order.kind for order in orders} == {"refit"}
    assert orders[0].reason == "weekly sun 03:00 UTC"
    ordered(ledger, orders, "2026-03-13T20:00")
    again = start("2026-03-16T12:01").orders(at("2026-03-13T20:00"), set())
    assert jobs(again) == [(line, "daily") for line in LINES]
    ordered(ledger, again, "2026-03-13T20:00")
    assert start("2026-03-16T12:02").orders(at("2026-03-13T20:00"), set()) == []


def test_a_run_that_begins_has_missed_nothing(start):
    assert start("2026-03-16T12:00").orders(at("2026-03-13T20:00"), set()) == []


def test_an_hour_that_comes_is_ordered_as_soon_as_the_line_is_free(start):
    clock = start("2026-03-16T12:00", {"daily": CronTrigger(second="*", timezone="UTC")})
    until, orders = time.monotonic() + 20, []
    while not orders and time.monotonic() < until:
        orders = clock.orders(at("2026-03-16T11:00"), {LINES[0]})
        time.sleep(0.02)
    assert jobs(orders) == [(LINES[1], "daily")]
    assert orders[0].detail["window"] == "recent"
    assert (LINES[0], "daily") in jobs(clock.orders(at("2026-03-16T11:00"), set()))


def test_no_fit_grows_older_than_it_may(ledger, start):
    fitted(ledger, "2026-03-16T03:00")
    assert start("2026-03-17T01:00").orders(at("2026-03-17T03:00"), set()) == []
    clock = start("2026-03-17T01:30")
    clock.close()  # a scheduler that is dead
    orders = clock.orders(at("2026-03-17T03:01"), set())
    assert jobs(orders) == [(line, "age") for line in LINES]
    assert orders[0].reason == "the newest fit is older than 24 hours"
    assert clock.orders(at("2026-03-17T03:02"), set()) == []  # once an hour
