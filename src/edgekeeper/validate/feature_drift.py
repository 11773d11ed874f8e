"""Two tables of the same columns, then and now: what changed, judged for all columns at once."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.stats.drift_alarm import DriftAlarm
from edgekeeper.stats.drift_monitor import DriftMonitor
from edgekeeper.stats.multiplicity import adjusted_p_values
from edgekeeper.stats.two_samples import (
    correlation_change_p_value,
    effective_share,
    ks_critical,
    ks_distance,
    ks_p_value,
    population_stability,
    share_change_p_value,
)
from edgekeeper.types import Float64Array, Int64Array
from edgekeeper.validate.drift_table import DriftTable

__all__ = ["ColumnDrift", "CorrelationDrift", "DriftComparison", "compare_tables"]

_LEAST_INSTANTS = 20
_MOST_PAIR_COLUMNS = 128
_WINDOWS = 24
_LEAST_MONITORED = 100


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """What became of one column.

    Attributes
    ----------
    name : str
    psi, ks : float
        Population stability index; largest distance of the distributions.
    p_value, missing_p_value : float
        Of the distance, and of the change of the missing share, for dependent observations.
    q_value : float
        Smallest false discovery rate, over all columns and their pairs, at which either counts.
    effective : float
        Independent observations that the current sample is worth.
    missing_before, missing_after : float
    stability : float
        1 where nothing moved beyond chance, 0 where nothing is as it was.
    windows : float64 [w]
        The same for each stretch of the current table.
    """

    name: str
    psi: float
    ks: float
    p_value: float
    missing_p_value: float
    q_value: float
    effective: float
    missing_before: float
    missing_after: float
    stability: float
    windows: Float64Array


@dataclass(frozen=True, slots=True)
class CorrelationDrift:
    """What became of the rank correlation of two columns."""

    first: str
    second: str
    before: float
    after: float
    p_value: float
    q_value: float


@dataclass(frozen=True, slots=True)
class DriftComparison:
    """Everything about two tables.

    Attributes
    ----------
    level : float
        False discovery rate at which a change counts.
    columns : tuple of ColumnDrift
        In the order of the table.
    correlations : tuple of CorrelationDrift
        The likeliest changes first.
    window_ends : int64 [w]
        Last instant of each window.
    alarm : DriftAlarm or None
        Of a monitor that was fitted to the reference and read the current table once.
    alarm_instant, since_instant : int or None
        When that was, and since about when.
    persistent : bool
        Whether the monitor's promise holds less: the reference remembers too long.
    """

    level: float
    columns: tuple[ColumnDrift, ...]
    correlations: tuple[CorrelationDrift, ...]
    window_ends: Int64Array
    alarm: DriftAlarm | None
    alarm_instant: int | None
    since_instant: int | None
    persistent: bool

    @property
    def changed(self) -> tuple[str, ...]:
        """Columns that changed, the surest first."""
        found = [c for c in self.columns if c.q_value <= self.level]
        return tuple(c.name for c in sorted(found, key=lambda c: (c.q_value, -c.ks, c.name)))

    @property
    def changed_pairs(self) -> tuple[CorrelationDrift, ...]:
        """Pairs whose correlation changed."""
        return tuple(c for c in self.correlations if c.q_value <= self.level)

    @property
    def drift(self) -> bool:
        """Whether anything changed beyond chance."""
        return bool(self.changed or self.changed_pairs or self.alarm)


def compare_tables(
    reference: DriftTable,
    current: DriftTable,
    *,
    level: float = 0.05,
    monitored: bool = True,
    seed: int = 0,
) -> DriftComparison:
    """Compare two tables of the same columns.

    How much a row is worth is read off the reference: a change within the current table would look
    like memory there. Half of the level goes to columns (distributions and missing shares), half to
    pairs; within each
    half Benjamini and Hochberg's procedure decides. The monitor has a budget of ``level`` of its
    own.

    Raises
    ------
    BadData
        Fewer than 20 instants in either, other columns, or none.
    """
    if reference.names != current.names or not reference.names:
        raise BadData("expected the same columns in both tables, and at least one")
    for name, table in (("reference", reference), ("current", current)):
        if len(table.instants) < _LEAST_INSTANTS:
            raise BadData(
                f"{name}: expected at least {_LEAST_INSTANTS} instants, got {len(table.instants)}"
            )
    worth = [
        effective_share(reference.values[:, j], reference.instant)
        for j in range(len(reference.names))
    ]
    cuts = current.windows(_WINDOWS, _LEAST_INSTANTS)
    columns = _columns(reference, current, worth, cuts)
    alarm, at, since, persistent = None, None, None, False
    if monitored and len(reference.instants) >= _LEAST_MONITORED:
        alarm, persistent = _monitor(reference, current, level, seed)
        if alarm is not None:
            at, since = (int(current.instants[i]) for i in (alarm.at, alarm.since))
    ends = current.instant[np.array(cuts[1:]) - 1]
    pairs = _correlations(reference, current, worth)
    return DriftComparison(level, columns, pairs, ends, alarm, at, since, persistent)


def _columns(
    reference: DriftTable, current: DriftTable, worth: list[float], cuts: list[int]
) -> tuple[ColumnDrift, ...]:
    rows = []
    for j, name in enumerate(reference.names):
        before, after = np.sort(reference.values[:, j]), current.values[:, j]
        gaps = [np.isnan(x) for x in (reference.values[:, j], after)]
        n, m = (worth[j] * float((~gap).sum()) for gap in gaps)
        gap_worth = effective_share(gaps[0].astype(np.float64), reference.instant)
        lots = [len(gap) * gap_worth for gap in gaps]
        missing, missing_now = float(gaps[0].mean()), float(gaps[1].mean())
        distance = ks_distance(before, after)
        windows = [_stability(before, after[low:high], n, worth[j]) for low, high in pairwise(cuts)]
        rows.append(
            ColumnDrift(
                name=name,
                psi=population_stability(before, after),
                ks=distance,
                p_value=ks_p_value(distance, n, m),
                missing_p_value=share_change_p_value(missing, missing_now, *lots),
                q_value=math.nan,
                effective=m,
                missing_before=missing,
                missing_after=missing_now,
                stability=_stability(before, after, n, worth[j]),
                windows=np.array(windows),
            )
        )
    return _judged(rows)


def _judged(rows: list[ColumnDrift]) -> tuple[ColumnDrift, ...]:
    """Fill in the q-values; the surer of a column's two questions counts."""
    asked = np.array([[row.p_value, row.missing_p_value] for row in rows])
    q = 2.0 * adjusted_p_values(asked.ravel(), method="hochberg").reshape(asked.shape)
    least = np.minimum(np.fmin(q[:, 0], q[:, 1]), 1.0)
    return tuple(replace(row, q_value=float(v)) for row, v in zip(rows, least, strict=True))


def _stability(before: Float64Array, after: Float64Array, n: float, worth: float) -> float:
    """One less the distance beyond what chance exceeds once in twenty."""
    distance = ks_distance(before, after)
    if math.isnan(distance):
        return math.nan
    chance = ks_critical(n, worth * float((~np.isnan(after)).sum()))
    return 1.0 if chance >= 1.0 else 1.0 - max(0.0, distance - chance) / (1.0 - chance)


def _correlations(
    reference: DriftTable, current: DriftTable, worth: list[float]
) -> tuple[CorrelationDrift, ...]:
    """Rank correlations then and now of all pairs, the likeliest changes first."""
    k = min(len(reference.names), _MOST_PAIR_COLUMNS)
    tables = reference.values[:, :k], current.values[:, :k]
    before, after = (_rank_correlations(values) for values in tables)
    first, second = np.triu_indices(k, 1)
    if len(first) == 0:
        return ()
    least = np.array([min(worth[i], worth[j]) for i, j in zip(first, second, strict=True)])
    sizes = [len(table) * least for table in tables]
    p = np.array(
        [
            correlation_change_p_value(before[i, j], after[i, j], n, m)
            for i, j, n, m in zip(first, second, *sizes, strict=True)
        ]
    )
    q = np.minimum(2.0 * adjusted_p_values(p, method="hochberg"), 1.0)
    names = reference.names
    found = [
        CorrelationDrift(names[i], names[j], float(before[i, j]), float(after[i, j]),
                         float(p[place]), float(q[place]))
        for place, (i, j) in enumerate(zip(first, second, strict=True))
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda c: math.inf if math.isnan(c.p_value) else c.p_value))


def _rank_correlations(values: Float64Array) -> Float64Array:
    """Correlations of the columns' ranks, missing values at the middle; NaN where one is constant.

    A gap put at the middle pulls a correlation towards zero, then and now alike.
    """
    ranks = np.zeros_like(values)
    for j, column in enumerate(values.T):
        known = ~np.isnan(column)
        order, place = np.unique(column[known], return_inverse=True)
        counts = np.bincount(place, minlength=len(order))
        middle = np.cumsum(counts) - (counts - 1) / 2.0
        ranks[known, j] = middle[place] - (known.sum() + 1) / 2.0
    size = np.sqrt((ranks**2).sum(axis=0))
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Float64Array = np.clip((ranks.T @ ranks) / np.outer(size, size), -1.0, 1.0)
    return result


def _monitor(
    reference: DriftTable, current: DriftTable, level: float, seed: int
) -> tuple[DriftAlarm | None, bool]:
    """What a monitor says that learned the reference and reads the current table, in order."""
    usual = reference.by_instant()
    horizon = max(10, min(len(current.instants), 100_000))
    usual = usual[-20_000:]
    monitor = DriftMonitor.fit(
        np.where(np.isinf(usual), np.nan, usual), false_alarm=level, horizon=horizon,
        names=reference.names, seed=seed,
    )  # fmt: skip
    for row in current.by_instant()[:horizon]:
        if monitor.update(row):
            break
    return monitor.alarm, monitor.persistent
