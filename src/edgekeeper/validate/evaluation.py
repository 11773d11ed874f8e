"""Everything measured of one case: scores, books, evidence, conditions. No judgement yet."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgekeeper.config import Config
from edgekeeper.errors import BadData
from edgekeeper.stats.breakdown import Part
from edgekeeper.stats.paired import MeanDifference, diebold_mariano
from edgekeeper.stats.resampling import Interval, TimeBlocks
from edgekeeper.stats.score_resampling import score_intervals
from edgekeeper.stats.scores import Scores, log_loss, score_probabilities
from edgekeeper.stats.sharpe import ReturnShape, return_shape
from edgekeeper.types import Float64Array, Int64Array
from edgekeeper.validate.book_figures import book_figures, equity_of
from edgekeeper.validate.books import (
    BookRun,
    Who,
    buy_and_hold_gains,
    decided_rows,
    evidence_of,
    run_book,
)
from edgekeeper.validate.case import Case, ObjectArray
from edgekeeper.validate.forecast_conditions import figures_by_condition, regimes_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["BOOKS", "Evaluation", "evaluate_case"]

BOOKS = ("forecasts", "twice_the_costs", "rules", "always_take", "buy_and_hold")


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    Attributes
    ----------
    case : Case
    blocks : TimeBlocks
        Blocks of two label horizons, drawn once for every interval.
    scores : Scores
    score_figures : mapping of str to Interval
    books : mapping of name to mapping of name to Interval
        Keys as in :data:`BOOKS`; figures as in :data:`book_figures.BOOK_FIGURES`. Returns and
        falls are those of a book scaled to a volatility of 10 % a year.
    gains : mapping of name to float64 [T]
        Net gain of each judged bar, cash included as 0, in units of volatility.
    runs : mapping of name to BookRun
    units : mapping of name to float
        Volatility of a bar that each book is scaled by.
    evidence : mapping of name to float
        Wealth of the bets; 20 is proof at 5 %.
    against_base : MeanDifference
        Log loss of the forecasts less that of the base rate, by instant.
    shape : (float, ReturnShape)
        Sharpe ratio a bar and shape of the forecasts' book.
    conditions : mapping of measure to list of Part
    regime_trades, symbol_trades : mapping of name to int
        Trades of the forecasts' book; every regime and symbol that occurred is listed.
    """

    case: Case
    blocks: TimeBlocks
    scores: Scores
    score_figures: dict[str, Interval]
    books: dict[str, dict[str, Interval]]
    gains: dict[str, Float64Array]
    runs: dict[str, BookRun]
    units: dict[str, float]
    evidence: dict[str, float]
    against_base: MeanDifference
    shape: tuple[float, ReturnShape]
    conditions: dict[str, list[Part]]
    regime_trades: dict[str, int]
    symbol_trades: dict[str, int]

    @property
    def trades(self) -> int:
        """Closed trades of the forecasts' book."""
        return len(self.runs["forecasts"].net_return)

    def equity(self, name: str) -> Float64Array:
        """Equity of a book before the first bar, where it is 1, and after each."""
        return equity_of(self.gains[name], self.units[name], self.case.bars.periods_per_year)

    def to_polars(self) -> "pl.DataFrame":
        """All figures in one long frame: ``of, figure, value, low, high``."""
        import polars as pl

        rows = [("scores", n, f.value, f.low, f.high) for n, f in self.score_figures.items()]
        for book, figures in self.books.items():
            rows += [(book, n, f.value, f.low, f.high) for n, f in figures.items()]
        rows += [("evidence", n, value, math.nan, math.nan) for n, value in self.evidence.items()]
        return _long(
            pl.DataFrame(rows, schema=["of", "figure", "value", "low", "high"], orient="row")
        )

    def conditions_to_polars(self) -> "pl.DataFrame":
        """Figures by condition: one row for each measure and value of each condition."""
        import polars as pl

        names = ("condition", "value", "count", "clusters", "mean", "low", "high",
                 "share_positive", "p_below", "p_above", "q_below", "q_above")  # fmt: skip
        rows = [
            (measure, *(getattr(part, name) for name in names))
            for measure, parts in self.conditions.items()
            for part in parts
        ]
        kinds = {"measure": pl.String, "condition": pl.String, "value": pl.String,
                 "count": pl.Int64, "clusters": pl.Int64}  # fmt: skip
        schema = {**kinds, **dict.fromkeys(names[4:], pl.Float64)}
        return _long(pl.DataFrame(rows, schema=schema, orient="row"))


def _long(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Figures that are not known are null: NaN would sort above every number."""
    return frame.fill_nan(None)


def evaluate_case(case: Case, config: Config) -> Evaluation:
    """Measure a case.

    Raises
    ------
    BadData
        No judged forecast has a known outcome.
    """
    rows, side = np.nonzero(case.scored)
    if len(rows) == 0:
        raise BadData(
            f"{case.name}: expected forecasts whose outcome is known, got none: they need "
            f"{config.labels.horizon_bars} bars to end, and a volatility known before them"
        )
    blocks = TimeBlocks(case.periods, 2 * config.labels.horizon_bars)
    outcome, probability = case.success[rows, side], case.probability[rows, side]
    position = case.instant[rows]
    runs = _runs(case, config)
    gains = {name: run.gain for name, run in runs.items()}
    gains["buy_and_hold"] = buy_and_hold_gains(case)
    units, mine = _units(gains), runs["forecasts"]
    regimes = regimes_of(case.bars)
    return Evaluation(
        case=case,
        blocks=blocks,
        scores=score_probabilities(outcome, probability),
        score_figures=score_intervals(outcome, probability, position, blocks),
        books={
            name: book_figures(
                gains[name], _trades(case, runs.get(name)), units[name],
                case.bars.periods_per_year, blocks,
            )
            for name in BOOKS
        },
        gains=gains,
        runs=runs,
        units=units,
        evidence=evidence_of(case, mine, runs["rules"], config),
        against_base=_against_base(case, rows, side, config.labels.horizon_bars),
        shape=return_shape(gains["forecasts"]),
        conditions=figures_by_condition(
            case, decided_rows(case, mine), mine.side, mine.net_return, blocks, regimes,
            least_symbol=config.gates.min_symbol_trades,
        ),
        regime_trades=_counted(case, mine, regimes),
        symbol_trades=_by_symbol(case, mine),
    )  # fmt: skip


def _runs(case: Case, config: Config) -> dict[str, BookRun]:
    asked: dict[str, tuple[Who, float]] = {
        "forecasts": ("forecasts", 1.0),
        "twice_the_costs": ("forecasts", 2.0),
        "rules": ("rules", 1.0),
        "always_take": ("always_take", 1.0),
    }
    return {
        name: run_book(case, config, who, cost_multiple=times)
        for name, (who, times) in asked.items()
    }


def _units(gains: dict[str, Float64Array]) -> dict[str, float]:
    """Volatility of each book's bars; at twice the costs that of the book at once the costs."""
    units = {name: float(np.std(gain, ddof=1)) if len(gain) > 1 else 0.0
             for name, gain in gains.items()}  # fmt: skip
    return {**units, "twice_the_costs": units["forecasts"]}


def _trades(case: Case, run: BookRun | None) -> tuple[Float64Array, Float64Array, Int64Array]:
    if run is None:
        return np.empty(0), np.empty(0), np.empty(0, dtype=np.int64)
    period = np.searchsorted(case.bars.instants, run.decided_ns) - case.first
    return run.net_return, run.profit, period


def _against_base(case: Case, rows: Int64Array, side: Int64Array, horizon: int) -> MeanDifference:
    """Log loss against stating each side's base rate, which is taken from the same outcomes."""
    outcome, probability = case.success[rows, side], case.probability[rows, side]
    base = np.array([outcome[side == s].mean() if (side == s).any() else 0.5 for s in (0, 1)])
    gap = log_loss(outcome, probability) - log_loss(outcome, base[side])
    return diebold_mariano(by_instant(gap, case.instant[rows]), horizon=horizon)


def by_instant(values: Float64Array, instant: Int64Array) -> Float64Array:
    """Mean of the values of each instant that has any, in time order."""
    _, index = np.unique(instant, return_inverse=True)
    return np.asarray(np.bincount(index, weights=values) / np.bincount(index), dtype=np.float64)


def _counted(case: Case, run: BookRun, regimes: ObjectArray) -> dict[str, int]:
    counted = Counter(str(name) for name in regimes[decided_rows(case, run)])
    return {str(name): counted[str(name)] for name in sorted(set(regimes[case.rows]))}


def _by_symbol(case: Case, run: BookRun) -> dict[str, int]:
    bars = case.bars
    forecast = np.isfinite(case.probability[case.rows]).any(axis=1)
    present = np.unique(bars.symbol[case.rows][forecast])
    counted = np.bincount(run.symbol, minlength=len(bars.symbols))
    return {bars.symbols[code]: int(counted[code]) for code in present}
