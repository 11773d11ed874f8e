"""Market feeds: what they refuse, and chunks that are all of one type."""

import numpy as np
import pytest

from edgekeeper.errors import BadData, UsageError
from edgekeeper.simulator import MarketFeed


def make(bars, **changed):
    n = len(bars)
    arguments = {
        "volatility": np.full(n, 0.02),
        "rule": np.zeros(n, np.int8),
        "max_age_ns": 10**9,
    } | changed
    return MarketFeed(bars, **arguments)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"volatility": np.full(5, 0.02)}, "volatility to be numbers of shape"),
        ({"volatility": np.full((6, 1), 0.02)}, "volatility to be numbers of shape"),
        ({"volatility": np.full(6, -0.02)}, "not negative"),
        ({"volatility": np.r_[np.full(5, 0.02), np.inf]}, "finite"),
        ({"rule": np.zeros(7, np.int8)}, "rule to be numbers of shape"),
        ({"rule": np.full(6, 2, np.int8)}, "-1, 0 or 1"),
        ({"rule": np.full(6, -128, np.int8)}, "-1, 0 or 1"),
        ({"rule": np.full(6, 257)}, "-1, 0 or 1"),
        ({"rule": np.full(6, 0.5)}, "-1, 0 or 1"),
        ({"rule": np.full(6, np.nan)}, "-1, 0 or 1"),
        ({"latency_ms": np.zeros(6)}, "latency_ms to be numbers of shape"),
        ({"volatility": np.array(["a"] * 6)}, "numbers"),
        ({"volatility": np.array([0.02j] * 6)}, "numbers"),
        ({"volatility": np.array([None] * 6)}, "numbers"),
    ],
)
def test_hostile_columns(sim, changed, message):
    with pytest.raises(BadData, match=message):
        make(sim.panel(np.full((3, 2), 100.0)), **changed)


@pytest.mark.parametrize(("first", "last"), [(-1, 2), (2, 1), (0, 4), (4, 4)])
def test_instants_that_are_not_there(sim, first, last):
    feed = make(sim.panel(np.full((3, 2), 100.0)))
    with pytest.raises(UsageError, match="instants within 0:3"):
        feed.chunk(first, last)


@pytest.mark.parametrize("rows", [0, 3, 5])
def test_as_many_forecasts_as_rows(sim, rows):
    feed = make(sim.panel(np.full((3, 2), 100.0)))
    forecasts = sim.forecasts_of(np.full((rows, 2), 0.5), np.zeros((rows, 2)), np.zeros(rows))
    with pytest.raises(BadData, match="of shape"):
        feed.chunk(0, 2, forecasts)


def test_an_empty_chunk_changes_nothing(sim):
    bars = sim.panel(np.full((3, 2), 100.0))
    run = sim.run(bars, 1)
    before = run.book.state.to_bytes()
    log = run.book.step(make(bars).chunk(2, 2))
    assert len(log.decision) == len(log.equity) == 0
    assert run.book.state.to_bytes() == before


def test_numbers_of_other_kinds_are_converted_and_never_written_to(sim):
    bars = sim.panel(np.full((3, 2), 100.0))
    volatility = np.full(12, 0.02, np.float32)[::2]
    rule = np.ones(6, np.int64)
    feed = make(bars, volatility=volatility, rule=rule)
    chunk = feed.chunk(0, 3, sim.forecasts_of(np.asfortranarray(np.full((6, 2), 0.5)), (0.0, 0.0)))
    usual = make(bars).chunk(1, 2)
    for given, kind in zip(chunk[1:], usual[1:], strict=True):
        assert given.dtype == kind.dtype
        assert given.flags.c_contiguous
        assert given.flags.writeable == kind.flags.writeable
    assert volatility.flags.writeable
    assert rule.flags.writeable


def test_prices_are_adjusted(sim):
    bars = sim.random_market(1)
    feed = make(bars)
    assert (bars.adjustment > 1).any()
    np.testing.assert_array_equal(feed.close, bars.close * bars.adjustment)
