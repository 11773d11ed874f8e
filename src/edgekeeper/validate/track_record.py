"""Was it skill or luck? A verdict on trades already made, whoever made them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.market.trade_records import TradeRecord
from edgekeeper.stats.breakdown import Part, breakdown
from edgekeeper.stats.sharpe import (
    ReturnShape,
)
from edgekeeper.types import Float64Array
from edgekeeper.validate.skill_odds import (
    CONFIDENCE,
    LEAST_PERIODS,
    chance_of_skill,
    survived_trials,
    years_needed,
)
from edgekeeper.validate.trade_conditions import trade_conditions
from edgekeeper.validate.trade_money import (
    AtCosts,
    at_costs,
    capital_of,
    per_trade,
    profit_and_cost,
    shape_of,
)
from edgekeeper.validate.trade_periods import Periods, split_into_periods

__all__ = ["Answer", "TrackRecord", "judge_track_record"]

Answer = Literal["too short", "lost money", "luck", "depends on trials", "skill"]

_LEAST_TRADES = 30
_LEAST_LOSERS = 0.10


@dataclass(frozen=True, slots=True)
class TrackRecord:
    """The verdict and everything it rests on.

    Attributes
    ----------
    answer : str
        ``"depends on trials"`` where nobody said how many variants were tried and it matters.
    record : TradeRecord
    capital : float
        What growth is measured against; NaN where nothing is known of stakes.
    periods : Periods
    once, twice : AtCosts
        At the recorded costs, and at double.
    costs_known : float
        Share of trades whose costs are recorded; the others' were assumed.
    trials : int or None
        Variants tried, as told.
    survives_trials : float
        Largest number of trials at which the answer would be skill; 0 if not even for one.
    probability : float
        Deflated Sharpe ratio at ``trials``, the smaller of both definitions; NaN without trials.
    probability_twice : float
        The same at double costs.
    probability_single : float
        The same for one trial: the best case.
    fragile : bool
        Whether fewer than a tenth of the trades lost: then no statistic of this record can see the
        rare large loss that may be out there.
    shape : ReturnShape
    years : float
    years_needed, years_missing : float
        Record at which skill of this size would show, and what is missing of it. Infinite where
        no length helps; at ``trials``, or for one without them.
    booked_once, booked_twice : float64 [periods]
        Net profit booked in each period, at recorded and at double costs.
    conditions : sequence of Part
    tested : int
        How many of the conditions hold enough trades to be tested.
    avoid : sequence of Part
        Conditions under which trades lose, false discovery rate 10 %.
    remarks : sequence of str
    """

    answer: Answer
    record: TradeRecord
    capital: float
    periods: Periods
    once: AtCosts
    twice: AtCosts
    costs_known: float
    trials: int | None
    survives_trials: float
    probability: float
    probability_twice: float
    probability_single: float
    fragile: bool
    shape: ReturnShape
    years: float
    years_needed: float
    years_missing: float
    booked_once: Float64Array
    booked_twice: Float64Array
    conditions: Sequence[Part]
    tested: int
    avoid: Sequence[Part]
    remarks: Sequence[str]


def judge_track_record(
    record: TradeRecord,
    *,
    trials: int | None = None,
    cost_bps: float = 5.0,
    capital: float | None = None,
) -> TrackRecord:
    """Judge closed trades by the profits they booked per day, week or four weeks.

    Parameters
    ----------
    trials : int, optional
        How many variants (strategies, settings, ideas) were tried until these trades were
        picked. Never assumed: without it the answer may depend on it, and says so.
    cost_bps : float
        Cost of each side in basis points of the stake, for trades whose record has no costs.
    capital : float, optional
        Money the trades were made with; without it what the record says, else the most that was
        at stake at once. The Sharpe ratio hardly depends on it.

    Raises
    ------
    UsageError
        Trials below 1 or below what the record itself shows, or another number out of range.
    BadData
        No trade.
    """
    _check(record, trials, cost_bps, capital)
    profit, cost, known = profit_and_cost(record, cost_bps)
    stake = record.numbers("stake")
    periods = split_into_periods(record.times("entry_time"), record.times("exit_time"))
    worth = capital_of(record, capital)
    compounding = capital is not None or math.isfinite(record.start_equity)
    money = [profit, profit - cost]
    returns = [periods.returns(values, worth, compounding=compounding) for values in money]
    once, twice = (
        at_costs(values, cost * times, stake, periods, series, worth)
        for values, series, times in zip(money, returns, (1.0, 2.0), strict=True)
    )
    ratio, shape = shape_of(returns[0])
    ratio_twice, shape_twice = shape_of(returns[1])
    count = periods.count

    single = chance_of_skill(ratio, shape, count, 1)
    told = chance_of_skill(ratio, shape, count, trials) if trials is not None else math.nan
    needed = years_needed(ratio, shape, trials or 1, periods)
    conditions = trade_conditions(record)
    parts = breakdown(per_trade(profit, stake), conditions, periods.entry_day)
    return TrackRecord(
        answer=_answer(record, count, once.total, trials, told, single),
        record=record,
        capital=worth,
        periods=periods,
        once=once,
        twice=twice,
        costs_known=known,
        trials=trials,
        survives_trials=survived_trials(ratio, shape, count),
        probability=told,
        probability_twice=chance_of_skill(ratio_twice, shape_twice, count, trials)
        if trials
        else math.nan,
        fragile=once.win_rate > 1.0 - _LEAST_LOSERS,
        probability_single=single,
        shape=shape,
        years=periods.years,
        years_needed=needed,
        years_missing=max(0.0, needed - periods.years),
        booked_once=periods.profits(money[0]),
        booked_twice=periods.profits(money[1]),
        conditions=parts,
        tested=sum(math.isfinite(part.p_below) for part in parts),
        avoid=sorted((p for p in parts if p.q_below <= 0.10), key=lambda p: p.q_below),
        remarks=[*_remarks(record, known, cost_bps, stake), *_unseen(once, len(record))],
    )


def _check(record: TradeRecord, trials: int | None, cost_bps: float, capital: float | None) -> None:
    if len(record) == 0:
        raise BadData("expected closed trades, got none")
    if trials is not None and trials < record.least_trials:
        raise UsageError(
            f"--trials: expected a number from {record.least_trials} up, got {trials!r}: "
            + (
                "the record itself compares that many"
                if record.least_trials > 1
                else "these trades are one variant already; count those you discarded too"
            )
        )
    if not 0.0 <= cost_bps <= 1_000.0:
        raise UsageError(f"--cost-bps: expected basis points from 0 to 1000, got {cost_bps!r}")
    if capital is not None and not (0.0 < capital < math.inf):
        raise UsageError(f"--capital: expected a positive amount, got {capital!r}")


def _answer(
    record: TradeRecord,
    count: int,
    total: float,
    trials: int | None,
    told: float,
    single: float,
) -> Answer:
    if len(record) < _LEAST_TRADES or count < LEAST_PERIODS:
        return "too short"
    if total <= 0.0:
        return "lost money"
    # If even a single try could have been luck, more tries only make it likelier.
    if not single >= CONFIDENCE:
        return "luck"
    if trials is None:
        return "depends on trials"
    return "skill" if told >= CONFIDENCE else "luck"


def _remarks(record: TradeRecord, known: float, cost_bps: float, stake: Float64Array) -> list[str]:
    said = list(record.assumptions)
    if known < 1.0 and np.isfinite(stake).any():
        whose = "costs are not recorded" if known == 0.0 else f"{1.0 - known:.0%} lack their costs"
        said.append(f"{whose}: {cost_bps:g} basis points a side were assumed (--cost-bps)")
    elif known < 1.0:
        said.append(
            "neither costs nor stakes are recorded: what double costs would do cannot be said"
        )
    if len(record) < 100:
        said.append("fewer than 100 trades: treat every figure as a first impression")
    if record.open_trades:
        said.append(
            f"{_counted(record.open_trades, 'open position')} left out: a record that closes "
            "winners and keeps losers looks better than it is"
        )
    said += [f"{_counted(rows, 'row')} set aside: {why}" for why, rows in record.set_aside.items()]
    return said


def _unseen(once: AtCosts, trades: int) -> list[str]:
    """What a loss too rare to be in the record could do to it, by the rule of three."""
    if not once.total > 0.0 or trades < _LEAST_TRADES:
        return []
    return [
        f"losses that come less than once in {trades // 3} trades may be missing from this record: "
        f"three of {once.total / 3.0:,.2f} each would have undone its profit"
    ]


def _counted(number: int, noun: str) -> str:
    return f"1 {noun} was" if number == 1 else f"{number} {noun}s were"
