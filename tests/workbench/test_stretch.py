"""Known answers on a handful of bars, and accounts that agree with the simulator's own books."""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.config import parse_config
from edgekeeper.simulator import MarketFeed
from edgekeeper.types import Forecasts
from edgekeeper.workbench.impact import ImpactRule
from edgekeeper.workbench.stretch import History, account_over

DAY = 86_400 * 10**9
FREE = {"fee_bps": 0, "half_spread_bps": 0, "slippage_bps": 0}


def one_trade(prices, *, volume=1_000.0, side="long", adjustment=1.0, **sections):
    """A forecast of certain success at the first bar of (open, high, low, close), then nothing."""
    table = np.asarray(prices, dtype=float) / adjustment
    n = len(table)
    bars = Bars.from_arrays(
        symbol=["A"] * n, event_time=(1 + np.arange(n)) * DAY, open=table[:, 0], high=table[:, 1],
        low=table[:, 2], close=table[:, 3], volume=np.full(n, volume),
        adjustment=np.full(n, adjustment),
    )  # fmt: skip
    config = parse_config({
        "labels": {"horizon_bars": 4}, "costs": FREE, "cash": 1_000.0,
        "limits": {"max_position": 0.5, "max_risk": 1.0},
        "guards": {"account_drawdown": 1.0, "daily_loss": 1.0}, **sections,
    })  # fmt: skip
    column = 0 if side == "long" else 1
    probability, expected = np.zeros((n, 2)), np.full((n, 2), -1.0)
    probability[0, column], expected[0, column] = 1.0, 0.1
    blank = Forecasts.empty(n)
    forecasts = replace(
        blank, probability=probability, expected_return=expected, novelty=np.zeros(n)
    )
    feed = MarketFeed(bars, np.full(n, 0.02), np.zeros(n, np.int8), max_age_ns=DAY)
    history = History(bars, feed, forecasts, config)
    return account_over(history, 0, n, ImpactRule())


FLAT = [(100, 100, 100, 100)] * 8


def test_turnover_exposure_and_holding_of_one_trade():
    """500 of 1,000 in and out within 8 bars of a year of all days."""
    it = one_trade(FLAT).activity
    assert it.trades == 1
    assert it.turnover == pytest.approx(365.25 / 8)
    # Entered on the second bar, out by the clock at the close of the fourth bar after its entry.
    assert it.mean_bars_held == it.median_bars_held == 4
    assert it.median_days_held == pytest.approx(3.0)
    assert it.time_in_market == pytest.approx(3 / 8)
    assert it.max_exposure == pytest.approx(0.5)
    assert it.mean_exposure == it.mean_net_exposure == pytest.approx(0.5 * 3 / 8)


def test_each_part_of_the_costs():
    costs = {"fee_bps": 1, "half_spread_bps": 2, "slippage_bps": 3, "borrow_bps_year": 2_520}
    it = one_trade(FLAT, side="short", costs=costs)
    value = float(it.costs.fees) / 1e-4
    assert it.costs.half_spread == pytest.approx(2e-4 * value)
    assert it.costs.slippage == pytest.approx(3e-4 * value)
    assert value == pytest.approx(2 * 500, rel=1e-3)
    # A quarter of what was sold short a year; the entry is half of the value but for rounding.
    assert it.costs.borrow == pytest.approx(value / 2 * 0.252 / 365.25 * 4, rel=1e-3)
    assert it.costs.total == pytest.approx(1_000.0 - it.equity["model"][-1])


def test_impact_is_charged_by_the_share_of_the_bars_volume():
    """Five units of a thousand at 100, in and out: the root of a half per cent of 2 % each."""
    it = one_trade(FLAT)
    share = 5 / 1_000
    assert it.impact.median_participation == pytest.approx(share)
    fraction = 0.02 * np.sqrt(share)
    assert it.impact.mean_bps == pytest.approx(1e4 * fraction)
    assert it.costs.impact == pytest.approx(2 * 500 * fraction)
    assert it.equity["with_impact"][-1] == pytest.approx((1_000 - 500 * fraction) ** 2 / 1_000)
    assert it.impact.capacity == 0.0


def test_a_split_changes_no_share_of_the_volume():
    """Twice as many units of half the price, and twice the volume: the same share."""
    plain = one_trade(FLAT, volume=1_000.0).impact
    split = one_trade(FLAT, volume=2_000.0, adjustment=2.0).impact
    assert split.median_participation == pytest.approx(plain.median_participation)


@pytest.mark.parametrize("volume", [np.nan, 0.0])
def test_without_volume_nothing_is_charged_and_all_of_it_is_counted(volume):
    it = one_trade(FLAT, volume=volume)
    assert it.impact.without_volume == it.impact.fills == 2
    assert it.costs.impact == 0.0
    assert np.isnan(it.impact.largest_participation)
    np.testing.assert_array_equal(it.equity["with_impact"], it.equity["model"])


@pytest.mark.parametrize(("side", "gap"), [("long", 80.0), ("short", 120.0)])
def test_a_stop_that_is_gapped_through_says_how_much_that_took(side, gap):
    """The stop lies 2 % × √4 = 4 % away; the market opens at 20 %: 16 of 100 beyond it."""
    it = one_trade([*FLAT[:3], *[(gap,) * 4] * 4], side=side)
    assert (it.gaps.stops, it.gaps.gapped) == (1, 1)
    assert it.gaps.worst == pytest.approx(0.16)
    assert it.costs.gap_through == pytest.approx(5 * 16)
    assert it.equity["model"][-1] == pytest.approx(1_000 - 5 * 20)


def test_a_stop_at_its_price_is_not_gapped():
    it = one_trade([*FLAT[:3], (100, 100, 90, 95), *FLAT[:3]])
    assert (it.gaps.stops, it.gaps.gapped, it.gaps.worst) == (1, 0, 0.0)


def test_books_of_a_longer_history(history):
    whole = account_over(history, 0, 500, ImpactRule())
    assert whole.activity.trades > 50
    books = whole.books
    assert books["model"].total_return > books["with_impact"].total_return
    assert books["with_impact"].total_return > books["double_cost"].total_return
    assert books["rules"].total_return == 0.0
    assert whole.activity.max_exposure <= 1.0 + 1e-9
    compounded = np.prod([1.0 + month for month in whole.monthly.values()]) - 1.0
    assert compounded == pytest.approx(books["model"].total_return)
    assert whole.drawdowns[0].depth == pytest.approx(books["model"].max_drawdown)


def test_a_stretch_reads_nothing_before_or_after_itself(history):
    """An account over the middle is the same whatever the forecasts elsewhere say."""
    rng = np.random.default_rng(3)
    rows = slice(int(history.feed.offsets[200]), int(history.feed.offsets[300]))
    garbled = rng.random(history.forecasts.probability.shape)
    garbled[rows] = history.forecasts.probability[rows]
    other = replace(history, forecasts=replace(history.forecasts, probability=garbled))
    first = account_over(history, 200, 300, ImpactRule())
    second = account_over(other, 200, 300, ImpactRule())
    np.testing.assert_array_equal(first.equity["model"], second.equity["model"])
    assert first.activity.trades > 0
