"""What a run's record teaches: where trades and signals earn, lose, or cannot be told from chance.

Two things are broken down: what the account's trades earned, and what every signal of a strategy
would have earned, taken or not. Both by single conditions and by two at a time, with intervals
from observations clustered in blocks of time, and one adjustment for how many were looked at.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.labels import Labels
from edgekeeper.ledger import Ledger
from edgekeeper.report.ab_tests import AbTest, measure_ab_tests
from edgekeeper.report.attribution import Attribution, ClosedTrades, attribute, closed_trades
from edgekeeper.report.balance import Balance, measure_balance
from edgekeeper.report.curves import read_curves
from edgekeeper.report.group_figures import GroupFigures, group_figures, missing_data
from edgekeeper.report.recorded import Recorded, read_recorded, rows_at
from edgekeeper.report.run_conditions import run_conditions, silent_case
from edgekeeper.stats.breakdown import Part, breakdown
from edgekeeper.stats.condition_pairs import adjusted_both_ways, condition_pairs, standing_out
from edgekeeper.stats.confidence_sequences import asymptotic_sequence
from edgekeeper.stats.resampling import Interval, TimeBlocks
from edgekeeper.types import SIDES, Float64Array, Int64Array
from edgekeeper.validate.case import Case, ObjectArray
from edgekeeper.validate.forecast_conditions import conditions_of, regimes_of

__all__ = ["Insights", "gather_insights"]

_MINE, _RULES = "edgekeeper", "rules"
_EVERY_BAR = "every_bar"
_LEAST_BARS, _BEST_AT = 60, 252  # of an interval that holds asymptotically; where it is tightest


@dataclass(frozen=True, slots=True)
class Insights:
    """What was found, and what it rests on.

    Attributes
    ----------
    overall : sequence of (measure, Part)
        All trades, and all signals, whatever the condition.
    single, paired : mapping of measure to parts
        Every condition looked at, adjusted.
    told : sequence of (measure, Part)
        Those that differ from nothing at a false discovery rate of 10 %, surest first.
    tested : int
        How many conditions hold enough observations to be tested.
    accounts : sequence of GroupFigures
        The account, and the rules alone, over the whole run.
    against_rules : Interval or None
        What the account earned more a bar than the rules alone, since the two first differed, with
        an interval that holds however often one looks. None where they never did.
    missing : sequence of str
        Which minima of trades the run does not reach.
    forecasts : Recorded or None
        What the line that got furthest forecast, and how that came out.
    """

    overall: Sequence[tuple[str, Part]]
    single: Mapping[str, Sequence[Part]]
    paired: Mapping[str, Sequence[Part]]
    told: Sequence[tuple[str, Part]]
    tested: int
    attribution: Attribution
    balance: Balance
    ab_tests: Sequence[AbTest]
    accounts: Sequence[GroupFigures]
    against_rules: Interval | None
    missing: Sequence[str]
    forecasts: Recorded | None = None

    @property
    def stay_out(self) -> list[tuple[str, Part]]:
        """Conditions under which trades or signals lose."""
        return [(measure, part) for measure, part in self.told if part.q_below < part.q_above]

    @property
    def favourable(self) -> list[tuple[str, Part]]:
        """Conditions under which they earn, or forecasts are right more often."""
        return [(measure, part) for measure, part in self.told if part.q_above <= part.q_below]


@dataclass(frozen=True, slots=True)
class _Observed:
    """Rows decided on, their sides, what was earned, and who proposed it."""

    rows: Int64Array
    side: Int64Array
    earned: Float64Array
    source: Sequence[str]


def gather_insights(ledger: Ledger, bars: Bars, labels: Labels, config: Config) -> Insights:
    """Look at a run from all sides.

    Parameters
    ----------
    labels : Labels [N]
        Outcomes of the bars.
    """
    blocks = TimeBlocks(len(bars.instants), 2 * config.labels.horizon_bars)
    regimes = regimes_of(bars)
    lines = [line.name for line in config.lines]
    recorded = _furthest(ledger, bars, labels, lines)
    case = silent_case(bars, labels) if recorded is None else recorded.case
    trades = closed_trades(ledger, _MINE)
    seen = {
        "net_return": _of_trades(trades, bars),
        "signal_return": _of_signals(ledger, bars, labels),
    }
    single = run_conditions(ledger, bars, labels, recorded, config, regimes)
    single["net_return"] = _parts(seen["net_return"], case, regimes, blocks, config)
    single["signal_return"] = _parts(seen["signal_return"], case, regimes, blocks, config)
    single = adjusted_both_ways(single)
    paired = adjusted_both_ways(
        {
            name: _parts(observed, case, regimes, blocks, config, pairs=True)
            for name, observed in seen.items()
        }
    )
    rows = seen["net_return"].rows
    both = (*single.values(), *paired.values())
    return Insights(
        overall=_overall(seen, bars, blocks),
        single=single,
        paired=paired,
        told=standing_out(single, paired),
        tested=sum(math.isfinite(part.p_below) for parts in both for part in parts),
        attribution=attribute(ledger, bars, regimes, trades, _MINE),
        balance=measure_balance(ledger, bars, labels, lines, blocks),
        ab_tests=measure_ab_tests(ledger, bars, regimes, config, blocks),
        accounts=_accounts(ledger, trades, bars, blocks, config),
        against_rules=_against_rules(ledger),
        missing=missing_data(
            config.gates,
            [str(name) for name in regimes[rows]],
            trades.frame["symbol"].to_list(),
            bars.symbols_present,
        ),
        forecasts=recorded,
    )


def _furthest(ledger: Ledger, bars: Bars, labels: Labels, lines: Sequence[str]) -> Recorded | None:
    """Forecasts of the line that got furthest, else of the first that made any."""
    moves = ledger.read("stages", ["line", "to_stage"])
    champions = moves.filter(pl.col("to_stage") == "production")["line"].to_list()
    for line in dict.fromkeys([*reversed(champions), *lines]):
        recorded = read_recorded(ledger, bars, labels, line)
        if recorded is not None:
            return recorded
    return None


def _of_trades(trades: ClosedTrades, bars: Bars) -> _Observed:
    frame = trades.frame
    return _Observed(
        rows_at(bars, frame["decision_time_ns"].to_numpy(), frame["symbol"].to_list()),
        (frame["side"] == SIDES[1]).to_numpy().astype(np.int64),
        frame["net_return"].cast(pl.Float64).fill_null(math.nan).to_numpy(),
        ["rules" if model is None else "model" for model in frame["model"]],
    )


def _of_signals(ledger: Ledger, bars: Bars, labels: Labels) -> _Observed:
    """Outcomes of all signals that someone gave, whether or not they were taken."""
    frame = ledger.read("signals", ["event_time_ns", "symbol", "side", "source"])
    frame = frame.filter(pl.col("source") != _EVERY_BAR)
    rows = rows_at(bars, frame["event_time_ns"].to_numpy(), frame["symbol"].to_list())
    side = (frame["side"] == SIDES[1]).to_numpy().astype(np.int64)
    earned = labels.net_return[rows, side].astype(np.float64)
    return _Observed(rows, side, earned, frame["source"].to_list())


def _parts(
    seen: _Observed,
    case: Case,
    regimes: ObjectArray,
    blocks: TimeBlocks,
    config: Config,
    *,
    pairs: bool = False,
) -> list[Part]:
    if len(seen.rows) == 0:
        return []
    conditions = conditions_of(case, seen.rows, seen.side, regimes)
    if len(set(seen.source)) > 1:
        conditions["source"] = list(seen.source)
    if pairs:
        conditions = condition_pairs(conditions)
    if not conditions:
        return []
    cluster = _cluster(seen, case.bars, blocks)
    least = config.gates.min_symbol_trades
    return breakdown(seen.earned, conditions, cluster, least_count=least)


def _cluster(seen: _Observed, bars: Bars, blocks: TimeBlocks) -> Int64Array:
    return blocks.of(np.searchsorted(bars.instants, bars.event_time[seen.rows]))


def _overall(
    seen: Mapping[str, _Observed], bars: Bars, blocks: TimeBlocks
) -> list[tuple[str, Part]]:
    return [
        (name, part)
        for name, observed in seen.items()
        if len(observed.rows)
        for part in breakdown(
            observed.earned, {"all": ["all"] * len(observed.rows)}, _cluster(observed, bars, blocks)
        )
    ]


def _accounts(
    ledger: Ledger, mine: ClosedTrades, bars: Bars, blocks: TimeBlocks, config: Config
) -> list[GroupFigures]:
    found = []
    for name, trades in ((_MINE, mine), (_RULES, closed_trades(ledger, _RULES))):
        seen = _of_trades(trades, bars)
        period = np.searchsorted(bars.instants, bars.event_time[seen.rows])
        profit = np.nan_to_num(trades.profit)
        found.append(group_figures(name, seen.earned, profit, period, blocks, config.cash))
    return found


def _against_rules(ledger: Ledger) -> Interval | None:
    curves = read_curves(ledger).equity
    if _MINE not in curves or _RULES not in curves:
        return None
    growth = [np.diff(curves[name]) / curves[name][:-1] for name in (_MINE, _RULES)]
    more = growth[0] - growth[1]
    if not (more != 0.0).any():
        return None
    more = more[int(np.argmax(more != 0.0)) :]
    if len(more) < _LEAST_BARS:
        return Interval(float(more.mean()))
    low, high = asymptotic_sequence(more, optimal_time=_BEST_AT)
    return Interval(float(more.mean()), float(low[-1]), float(high[-1]))
