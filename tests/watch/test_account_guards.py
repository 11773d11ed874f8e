"""The second look at the account's guards, against the compiled step that it guards."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.bars import Bars
from edgekeeper.config import Config, GuardsConfig
from edgekeeper.simulator import GUARD_EVENTS, Book, MarketFeed, book_parameters
from edgekeeper.watch import AccountGuards

DAY = 86_400 * 10**9
HALT = GUARD_EVENTS.index("halt")


def traded(seed, guards, resume_after):
    """Equity marks and guard events of a volatile account, a person resuming after a while."""
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(0.06 * rng.standard_normal((60, 2)), axis=0))
    open_ = np.vstack([close[:1], close[:-1]])
    bars = Bars.from_arrays(
        symbol=np.tile(["A", "B"], 60),
        event_time=np.repeat((1 + np.arange(60)) * (DAY // 3), 2),
        open=open_.ravel(),
        close=close.ravel(),
        high=np.maximum(open_, close).ravel(),
        low=np.minimum(open_, close).ravel(),
    )
    rule = rng.integers(-1, 2, 120).astype(np.int8)
    feed = MarketFeed(bars, np.full(120, 0.03), rule, max_age_ns=10**9)
    config = Config(guards=guards, limits={"max_position": 0.5, "max_risk": 0.3})
    parameters = book_parameters(config, periods_per_year=252.0, virtual=False)
    book, marks, events, halted = Book(parameters, 2, config.cash), [], [], 0
    for k in range(60):
        now = int(feed.instants[k])
        log = book.step(feed.chunk(k, k + 1))
        marks.append((now, float(log.equity[0, 0])))
        events += [(now, "halt") for event in log.guards[: log.counts[1]] if event[1] == HALT]
        halted = halted + 1 if book.halted else 0
        if halted > resume_after:
            book.resume()
            events.append((now, "resume"))
    return config, marks, events


@given(
    seed=st.integers(0, 10**6),
    drawdown=st.sampled_from([0.02, 0.1, 0.5]),
    loss=st.sampled_from([0.01, 0.05, 0.5]),
    resume_after=st.integers(0, 5),
    cuts=st.lists(st.integers(1, 59), max_size=4),
)
def test_it_agrees_with_the_compiled_step_to_the_bit(seed, drawdown, loss, resume_after, cuts):
    guards = GuardsConfig(account_drawdown=drawdown, daily_loss=loss)
    config, marks, events = traded(seed, guards, resume_after)
    again, first = AccountGuards(config.guards, config.cash), 0
    for last in sorted({*cuts, 60}):
        part = [e for e in events if marks[first][0] <= e[0] <= marks[last - 1][0]]
        assert again.update(marks[first:last], part) is None
        first = last
    deaf = AccountGuards(config.guards, config.cash)
    halts = [when for when, event in events if event == "halt"]
    for mark in marks:
        missed = deaf.update([mark], [])
        assert (missed is not None) == bool(halts and mark[0] >= halts[0])


@pytest.mark.parametrize("equity", [math.nan, -math.inf, -5.0, 0.0])
def test_a_number_that_is_none_or_ruin_asks_for_a_halt(equity):
    guards = AccountGuards(GuardsConfig(), 100.0)
    assert guards.update([(1, 100.0), (2, equity)], [])
    guards = AccountGuards(GuardsConfig(), 100.0)
    assert guards.update([(1, 100.0), (2, equity)], [(2, "halt")]) is None


def test_a_halt_by_hand_before_the_fall_is_halt_enough_and_a_resume_ends_it():
    guards = AccountGuards(GuardsConfig(), 100.0)
    assert guards.update([(1, 100.0), (2, 50.0)], [(1, "halt")]) is None
    assert guards.update([(3, 49.0)], [(2, "resume")]) is None, "measured afresh from 50"
    assert "drawdown 20.0 %" in guards.update([(4, 40.0)], [])
    assert guards.update([], [(4, "halt")]) is None


def test_a_halt_seen_only_later_is_no_missed_one():
    """The record is read table by table: a halt newer than the marks must not be lost."""
    guards = AccountGuards(GuardsConfig(), 100.0)
    assert guards.update([(1, 100.0)], [(2, "halt")]) is None
    assert guards.update([(2, 10.0)], []) is None
