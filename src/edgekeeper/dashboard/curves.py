"""Equity of the account and of its baseline, kept in memory and read on from where it ended."""

import math
import threading
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from edgekeeper.desk import Desk
from edgekeeper.report.striding import Strided
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["ACCOUNT", "BASELINE", "Curves", "EquityReader"]

ACCOUNT, BASELINE = "edgekeeper", "rules"
_PAGE = 50_000
_FALL = 2  # which number of a row is the fall


@dataclass(frozen=True, slots=True)
class Curves:
    """Equity at the same instants: at every bar, or of a long run at equal strides.

    Attributes
    ----------
    time_ns : int64 [n]
    mine, rules : float64 [n]
        In base currency.
    fall : float64 [n]
        How far the account stood below its highest point until then, as a negative fraction; the
        deepest of a stride.
    deepest : float
        Of all falls so far.
    """

    time_ns: Int64Array
    mine: Float64Array
    rules: Float64Array
    fall: Float64Array
    deepest: float = math.nan

    def since(self, time_ns: int) -> "Curves":
        """Return what came at or after an instant."""
        first = int(np.searchsorted(self.time_ns, time_ns))
        rows = (self.mine[first:], self.rules[first:], self.fall[first:])
        return Curves(self.time_ns[first:], *rows, self.deepest)

    def grown(self, curve: Float64Array) -> float:
        """Growth of one of them from its first to its last known value; NaN if there is none."""
        known = curve[np.isfinite(curve)]
        return float(known[-1] / known[0] - 1.0) if len(known) and known[0] > 0.0 else math.nan


@dataclass
class EquityReader:
    """Reads what was added since it last looked, and keeps a megabyte, however long the run."""

    desk: Desk
    page: int = _PAGE
    _after: int = 0
    _first: tuple[int, Float64Array] | None = None
    _high: float = -math.inf
    _deepest: float = math.nan
    _path: Strided = field(default_factory=lambda: Strided(3, lowest=(_FALL,)))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> Curves:
        """Return everything up to now."""
        with self._lock:
            full = True
            while full:
                full = self._read_on()
            return self._curves()

    def _read_on(self) -> bool:
        """Take in a page; return whether more may follow."""
        rows = self.desk.ledger.read(
            "equity", ["entry", "event_time_ns", "account", "equity"],
            where={"account": [ACCOUNT, BASELINE]}, after=self._after, limit=self.page,
        )  # fmt: skip
        full = rows.height == self.page
        if full:  # the last instant may go on behind the page
            whole = rows.filter(pl.col("event_time_ns") < rows["event_time_ns"][-1])
            rows = whole if whole.height else rows
        if rows.height == 0:
            return False
        self._after = int(rows["entry"][-1])
        wide = (
            rows.unique(["event_time_ns", "account"], keep="last")
            .pivot(on="account", index="event_time_ns", values="equity")
            .sort("event_time_ns")
        )
        self._add(wide["event_time_ns"].to_numpy(), _column(wide, ACCOUNT), _column(wide, BASELINE))
        return full

    def _add(self, time_ns: Int64Array, mine: Float64Array, rules: Float64Array) -> None:
        high = np.fmax.accumulate(np.concatenate(([self._high], mine)))[1:]
        with np.errstate(invalid="ignore", divide="ignore"):
            fall = mine / high - 1.0
        table = np.column_stack((mine, rules, fall))
        if self._first is None:
            self._first = (int(time_ns[0]), table[0].copy())
        self._high = float(high[-1])
        self._deepest = float(np.fmin.reduce(np.append(fall, self._deepest)))
        self._path.add(time_ns, table)

    def _curves(self) -> Curves:
        """All that is kept, between the first and the newest row as they were."""
        path = self._path
        if self._first is None:
            empty = np.empty(0)
            return Curves(np.empty(0, dtype=np.int64), empty, empty, empty)
        time_ns, rows = path.time_ns, path.rows
        if path.stride > 1:
            time_ns = np.concatenate(([self._first[0]], time_ns))
            rows = np.vstack((self._first[1], rows))
        if path.stride > 1 and time_ns[-1] != path.last_ns:
            time_ns, rows = np.append(time_ns, path.last_ns), np.vstack((rows, path.last))
        rows[-1] = path.last
        return Curves(time_ns, rows[:, 0], rows[:, 1], rows[:, _FALL], self._deepest)


def _column(wide: pl.DataFrame, name: str) -> Float64Array:
    if name not in wide.columns:
        return np.full(wide.height, math.nan)
    return wide[name].cast(pl.Float64).fill_null(math.nan).to_numpy()
