"""Is A better than B? Every figure of both on the same forecasts and bars, and their difference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from edgekeeper.config import Config
from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.multiplicity import adjusted_p_values
from edgekeeper.stats.paired import diebold_mariano, two_sided
from edgekeeper.stats.resampling import TimeBlocks, interval_of
from edgekeeper.stats.score_resampling import resample_scores
from edgekeeper.stats.scores import log_loss, score_probabilities
from edgekeeper.types import BoolArray, Float64Array, Int64Array
from edgekeeper.validate.book_figures import book_figures, resample_book
from edgekeeper.validate.books import run_book
from edgekeeper.validate.case import Case

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Difference", "compare_cases", "differences_to_polars"]

_BETTER_LOW = ("brier", "log_loss", "max_drawdown")
_SCORES = ("accuracy", "f1", "auc")
_BOOK = ("sharpe", "annual_return", "win_rate", "profit_factor", "mean_trade")
_DRAWS = "resampled blocks of time, both alike"


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two forecasters on the same ground.

    Attributes
    ----------
    a, b : str
    figure : str
    value_a, value_b : float
    difference, low, high : float
        ``a`` less ``b``, with its 95 % interval.
    p_value, q_value : float
        How often chance alone differs so much; ``q_value`` adjusted for all rows compared.
    better : str
        Whose figure is better at a false discovery rate of 5 %; empty where none can be told.
    count : int
        Forecasts, trades or bars that went into it, of ``a`` and ``b`` together.
    method : str
    """

    a: str
    b: str
    figure: str
    value_a: float
    value_b: float
    difference: float
    low: float
    high: float
    p_value: float
    q_value: float
    better: str
    count: int
    method: str


def compare_cases(cases: Sequence[Case], config: Config) -> list[Difference]:
    """Compare every pair of cases, on the sides of the bars that both forecast.

    Scores count only forecasts that both made; the books trade each case's own forecasts over the
    bars that both are judged on.

    Raises
    ------
    UsageError
        Fewer than two cases, or two of one name.
    BadData
        Cases over different bars, or two that forecast nothing in common.
    """
    if len(cases) < 2:
        raise UsageError(f"compare: expected at least two forecasters, got {len(cases)}")
    names = [case.name for case in cases]
    if len(set(names)) != len(names):
        raise UsageError(f"compare: expected different names, got {names}: name them apart")
    _check_same_bars(cases)
    found: list[Difference] = []
    for a, b in combinations(cases, 2):
        found += _Pair(a, b, config).differences()
    return _adjusted(found)


def _check_same_bars(cases: Sequence[Case]) -> None:
    first = cases[0].bars
    for case in cases[1:]:
        same = (
            case.bars.symbols == first.symbols
            and np.array_equal(case.bars.event_time, first.event_time)
            and np.array_equal(case.bars.symbol, first.symbol)
            and np.array_equal(case.bars.close, first.close)
            and np.array_equal(case.labels.net_return, cases[0].labels.net_return, equal_nan=True)
        )
        if not same:
            raise BadData(
                f"{cases[0].name} and {case.name}: expected forecasts over the same bars, with "
                "the same brackets and costs; judge both under one configuration"
            )


class _Pair:
    """Two cases on the ground they share."""

    def __init__(self, a: Case, b: Case, config: Config) -> None:
        self.a, self.b, self.config = a, b, config
        self.horizon = config.labels.horizon_bars
        later = a if a.first >= b.first else b
        self.first, self.periods = later.first, later.periods
        self.first_ns = later.first_ns
        self.blocks = TimeBlocks(self.periods, 2 * self.horizon)

    def differences(self) -> list[Difference]:
        return [*self._scores(), *self._books()]

    def _scores(self) -> list[Difference]:
        both = self.a.scored & self.b.scored
        both[: int(self.a.bars.instant_offsets[self.first])] = False
        rows, side = np.nonzero(both)
        if len(rows) == 0:
            raise BadData(
                f"{self.a.name} and {self.b.name}: expected some sides of some bars that both "
                "forecast, got none"
            )
        outcome = self.a.success[rows, side]
        period = self.a.instant[rows] + self.a.first - self.first
        mine, other = self.a.probability[rows, side], self.b.probability[rows, side]
        found = self._losses(outcome, mine, other, period)
        plain = [score_probabilities(outcome, p) for p in (mine, other)]
        drawn = [resample_scores(outcome, p, period, self.blocks) for p in (mine, other)]
        for name in _SCORES:
            values = [float(getattr(scores, name)) for scores in plain]
            gap = drawn[0][name] - drawn[1][name]
            found.append(self._resampled(name, values[0], values[1], gap, len(rows)))
        return found

    def _losses(
        self, outcome: BoolArray, mine: Float64Array, other: Float64Array, period: Int64Array
    ) -> list[Difference]:
        losses = {
            "log_loss": (log_loss(outcome, mine), log_loss(outcome, other)),
            "brier": ((mine - outcome) ** 2, (other - outcome) ** 2),
        }
        _, index = np.unique(period, return_inverse=True)
        count = np.bincount(index)
        found = []
        for name, (left, right) in losses.items():
            gap = np.bincount(index, weights=left - right) / count
            test = diebold_mariano(gap, horizon=self.horizon)
            # The interval is of the mean over instants; figures are means over forecasts.
            found.append(
                Difference(
                    self.a.name, self.b.name, name, float(left.mean()), float(right.mean()),
                    test.mean, test.low, test.high, test.p_value, math.nan, "", len(outcome),
                    "Diebold-Mariano, by instant",
                )
            )  # fmt: skip
        return found

    def _books(self) -> list[Difference]:
        values, drawn, counts = [], [], 0
        per_year = self.a.bars.periods_per_year
        for case in (self.a, self.b):
            run = run_book(self._from_here(case), self.config, "forecasts")
            period = np.searchsorted(case.bars.instants, run.decided_ns) - self.first
            trades = (run.net_return, run.profit, period)
            unit = float(np.std(run.gain, ddof=1)) if len(run.gain) > 1 else 0.0
            values.append(book_figures(run.gain, trades, unit, per_year, self.blocks))
            drawn.append(resample_book(run.gain, trades, unit, per_year, self.blocks))
            counts += len(run.net_return)
        found = []
        for name in _BOOK:
            pair = [figures[name].value for figures in values]
            found.append(
                self._resampled(name, pair[0], pair[1], drawn[0][name] - drawn[1][name], counts)
            )
        return found

    def _from_here(self, case: Case) -> Case:
        return replace(case, first_ns=self.first_ns)

    def _resampled(
        self, figure: str, mine: float, other: float, drawn: Float64Array, count: int
    ) -> Difference:
        gap = interval_of(mine - other, drawn)
        known = math.isfinite(gap.low)
        return Difference(
            self.a.name, self.b.name, figure, mine, other, gap.value, gap.low, gap.high,
            two_sided(drawn) if known else math.nan, math.nan, "", count, _DRAWS,
        )  # fmt: skip


def _adjusted(found: list[Difference]) -> list[Difference]:
    """Adjust for all that was compared, and name the better one where chance would not do it."""
    q_values = adjusted_p_values(np.array([one.p_value for one in found]))
    result = []
    for one, q in zip(found, q_values, strict=True):
        higher = one.a if one.difference > 0.0 else one.b
        lower = one.b if one.difference > 0.0 else one.a
        winner = lower if one.figure in _BETTER_LOW else higher
        result.append(replace(one, q_value=float(q), better=winner if q < 0.05 else ""))
    return result


def differences_to_polars(found: Sequence[Difference]) -> "pl.DataFrame":
    """Return differences as one frame, a figure of a pair each row."""
    import polars as pl

    names = list(Difference.__dataclass_fields__)
    rows = [tuple(getattr(one, name) for name in names) for one in found]
    texts = ("a", "b", "figure", "better", "method")
    kinds = {n: pl.String if n in texts else pl.Float64 for n in names}
    frame = pl.DataFrame(rows, schema={**kinds, "count": pl.Int64}, orient="row")
    return frame.fill_nan(None)
