"""Skill or luck: known answers, error rates by simulation, costs, trials, conditions, refusals."""

import math

import numpy as np
import polars as pl
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.market.trade_records.record import make_record
from edgekeeper.stats.sharpe import deflated_sharpe, return_shape
from edgekeeper.validate import judge_track_record

DAY = 86_400 * 10**9
START = 20_000 * DAY


def record(returns, *, hours=5.0, gap_days=1.0, cost=0.0, stake=1_000.0, net=True, **columns):
    """One trade every ``gap_days``, opened at nine."""
    returns = np.asarray(returns, dtype=float)
    entry = START + (np.arange(len(returns)) * gap_days * DAY).astype(np.int64) + 9 * DAY // 24
    known = {name: columns.pop(name) for name in ("start_equity", "least_trials", "open_trades")
             if name in columns}  # fmt: skip
    rows = pl.DataFrame(
        {
            "symbol": columns.get("symbol", ["A"] * len(returns)),
            "side": columns.get("side", ["long"] * len(returns)),
            "entry_time": entry,
            "exit_time": entry + int(hours * DAY / 24),
            "stake": np.full(len(returns), stake),
            "profit": returns * 1_000.0,
            "cost": np.full(len(returns), cost),
        }
    )
    return make_record(rows, net=net, origin="test", **known)


def gains(sharpe, n=500, seed=0):
    """Daily returns with exactly this annual ratio on a calendar of 365.25 days."""
    noise = np.random.default_rng(seed).standard_normal(n)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    return 0.01 * (noise + sharpe / math.sqrt(365.25))


def test_figures_of_a_record_with_one_trade_a_day():
    returns = gains(2.0)
    verdict = judge_track_record(record(returns, start_equity=math.nan), trials=5)
    assert verdict.periods.name == "day"
    assert verdict.periods.count == 500
    assert verdict.once.sharpe == pytest.approx(2.0, rel=1e-9)
    assert verdict.capital == 1_000.0
    assert verdict.once.growth == pytest.approx(returns.sum())
    assert verdict.once.win_rate == (returns > 0).mean()
    factor = returns[returns > 0].sum() / -returns[returns < 0].sum()
    assert verdict.once.profit_factor == pytest.approx(factor)
    assert verdict.once.without_best == pytest.approx(1000 * np.sort(returns)[:-5].sum())
    ratio, shape = return_shape(returns)
    both = [deflated_sharpe(ratio, 500, shape, trials=5, definition=d)
            for d in ("2012/2014", "2025")]  # fmt: skip
    assert verdict.probability == pytest.approx(min(both))
    assert verdict.once.mean_low < verdict.once.mean_return < verdict.once.mean_high
    assert verdict.once.sharpe_low < 2.0 < verdict.once.sharpe_high


def test_worst_fall_counts_from_the_start_too():
    verdict = judge_track_record(record([-0.1] + [0.2] + [-0.3] + [0.001] * 40))
    assert verdict.once.worst_fall == pytest.approx(0.3 / 1.1)
    verdict = judge_track_record(record([-0.5] + [0.02] * 40))
    assert verdict.once.worst_fall == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("sharpe", "trials", "answer"),
    [
        (4.0, 1, "skill"),
        (4.0, 10, "skill"),
        (2.0, 1_000, "luck"),
        (2.0, None, "depends on trials"),
        (0.5, None, "luck"),
        (0.5, 1, "luck"),
        (-1.0, 3, "lost money"),
        (-1.0, None, "lost money"),
    ],
)
def test_answers(sharpe, trials, answer):
    verdict = judge_track_record(record(gains(sharpe)), trials=trials)
    assert verdict.answer == answer
    assert math.isnan(verdict.probability) == (trials is None)


@pytest.mark.parametrize("returns", [[0.01] * 29, [0.01], [0.02, -0.01] * 10])
def test_too_few_trades(returns):
    assert judge_track_record(record(returns)).answer == "too short"


def test_many_trades_in_few_days_are_too_short():
    verdict = judge_track_record(record(gains(5.0, 200), hours=0.01, gap_days=0.05))
    assert (verdict.answer, verdict.periods.count) == ("too short", 11)


def test_it_survives_exactly_as_many_trials_as_it_says():
    found = judge_track_record(record(gains(3.0))).survives_trials
    assert found > 5
    kept = judge_track_record(record(gains(3.0)), trials=int(found))
    lost = judge_track_record(record(gains(3.0)), trials=int(found) + 1)
    assert (kept.answer, lost.answer) == ("skill", "luck")
    assert judge_track_record(record(gains(0.3))).survives_trials == 0


def test_the_missing_record_is_what_it_says():
    returns = gains(1.5, 200)
    verdict = judge_track_record(record(returns), trials=4)
    assert verdict.answer == "luck"
    assert verdict.years_missing == pytest.approx(verdict.years_needed - verdict.years)
    repeats = math.ceil(verdict.years_needed / verdict.years)
    longer = judge_track_record(record(np.tile(returns, repeats)), trials=4)
    assert longer.answer == "skill"


def test_luck_is_called_skill_at_the_stated_rate():
    rng = np.random.default_rng(11)
    called = 0
    for _ in range(150):
        tried = rng.standard_normal((8, 250)) * 0.01
        best = tried[(tried.mean(axis=1) / tried.std(axis=1)).argmax()]
        called += judge_track_record(record(best), trials=8).answer == "skill"
    assert called / 150 <= 0.10


def test_sellers_of_tails_are_not_called_skilled():
    # Nineteen small gains for each large loss, worth nothing in the mean; the best of 20 such.
    rng = np.random.default_rng(5)
    called = 0
    for _ in range(100):
        tried = np.where(rng.random((20, 250)) < 0.05, -0.19, 0.01)
        tried += 0.002 * rng.standard_normal(tried.shape)
        best = tried[(tried.mean(axis=1) / tried.std(axis=1)).argmax()]
        called += judge_track_record(record(best), trials=20).answer == "skill"
    assert called <= 5


def test_a_record_that_hardly_ever_lost_is_fragile():
    rng = np.random.default_rng(6)
    judged = judge_track_record(record(0.01 + 0.002 * rng.standard_normal(300)), trials=3)
    assert judged.answer == "skill"
    assert judged.fragile
    assert any("once in 100 trades may be missing" in line for line in judged.remarks)
    assert not judge_track_record(record(gains(3.0)), trials=3).fragile


def test_double_costs_take_the_costs_once_more():
    verdict = judge_track_record(record(gains(3.0), cost=0.5), trials=1)
    assert verdict.once.total - verdict.twice.total == pytest.approx(0.5 * 500)
    assert (verdict.once.cost, verdict.twice.cost) == (250.0, 500.0)
    assert verdict.costs_known == 1.0
    gross = judge_track_record(record(gains(3.0), cost=0.5, net=False), trials=1)
    assert gross.once.total == pytest.approx(verdict.twice.total)
    assert verdict.probability_twice < verdict.probability


def test_costs_that_are_not_recorded_are_assumed_and_said():
    verdict = judge_track_record(record(gains(3.0), cost=math.nan), cost_bps=10.0)
    assert verdict.once.cost == pytest.approx(500 * 1_000 * 2 * 0.001)
    assert verdict.costs_known == 0.0
    assert any("10 basis points" in line for line in verdict.remarks)


def test_without_stakes_and_costs_double_costs_are_unknown():
    verdict = judge_track_record(record(gains(3.0), cost=math.nan, stake=math.nan), trials=2)
    assert math.isnan(verdict.twice.total)
    assert math.isnan(verdict.capital)
    assert verdict.once.sharpe == pytest.approx(3.0, rel=1e-9)
    assert verdict.answer == "skill"
    assert any("cannot be said" in line for line in verdict.remarks)


@pytest.mark.parametrize(
    ("hours", "name"), [(5, "day"), (47, "day"), (100, "week"), (24 * 20, "four weeks")]
)
def test_period_follows_how_long_trades_last(hours, name):
    verdict = judge_track_record(record(gains(1.0, 900), hours=hours))
    assert verdict.periods.name == name
    assert verdict.booked_once.sum() == pytest.approx(verdict.once.total)
    assert verdict.periods.index.max() == verdict.periods.count - 1


def test_idle_days_count_as_nothing_earned():
    busy = judge_track_record(record(gains(2.0)))
    rare = judge_track_record(record(gains(2.0), gap_days=4.0))
    assert rare.periods.count == 1_997
    assert rare.once.sharpe == pytest.approx(busy.once.sharpe / 2.0, rel=0.02)


def test_capital_is_what_was_at_stake_at_once_unless_told():
    trades = record(gains(1.0), hours=24 * 2.5)
    assert judge_track_record(trades).capital == 3_000.0
    assert judge_track_record(trades, capital=10_000.0).capital == 10_000.0
    assert judge_track_record(record(gains(1.0), start_equity=777.0)).capital == 777.0


def test_a_losing_weekday_is_found_and_nothing_else():
    rng = np.random.default_rng(3)
    weekday = (np.arange(1_400) + 20_000 + 3) % 7
    returns = rng.normal(0.001, 0.01, 1_400) - 0.006 * (weekday == 4)
    side = np.where(rng.random(1_400) < 0.5, "long", "short").tolist()
    verdict = judge_track_record(record(returns, side=side, symbol=["A", "B"] * 700))
    assert [(part.condition, part.value) for part in verdict.avoid] == [("weekday", "Fri")]
    assert verdict.avoid[0].high < 0.0


def test_no_condition_is_found_where_there_is_none():
    found = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        returns = rng.standard_t(4, 400) * 0.01
        symbols = rng.choice(list("ABCDE"), 400).tolist()
        found += bool(judge_track_record(record(returns, symbol=symbols)).avoid)
    assert found <= 6


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trials": 0}, "from 1 up"),
        ({"trials": -3}, "from 1 up"),
        ({"cost_bps": -1.0}, "cost-bps"),
        ({"cost_bps": math.nan}, "cost-bps"),
        ({"capital": 0.0}, "capital"),
        ({"capital": math.inf}, "capital"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(UsageError, match=words):
        judge_track_record(record(gains(1.0)), **options)


def test_no_fewer_trials_than_the_record_shows():
    with pytest.raises(UsageError, match="compares that many"):
        judge_track_record(record(gains(1.0), least_trials=3), trials=2)


def test_an_account_used_up_does_not_break_anything():
    verdict = judge_track_record(record([-0.6, -0.6] + [0.01] * 60, start_equity=1_000.0))
    assert verdict.once.worst_fall > 1.0
    assert math.isfinite(verdict.once.sharpe)


@pytest.mark.parametrize("returns", [[0.0] * 50, [0.01] * 50])
def test_profits_that_never_vary_have_no_ratio(returns):
    verdict = judge_track_record(record(returns), trials=2)
    assert math.isnan(verdict.once.sharpe)
    assert verdict.answer in ("lost money", "luck")
