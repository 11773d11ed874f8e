"""Equity of the account and of its baseline, kept in memory and read on from where it ended."""

import math
import threading
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from edgekeeper.desk import Desk
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["ACCOUNT", "BASELINE", "Curves", "EquityReader"]

ACCOUNT, BASELINE = "edgekeeper", "rules"


@dataclass(frozen=True, slots=True)
class Curves:
    """Equity at the same instants.

    Attributes
    ----------
    time_ns : int64 [n]
    mine, rules : float64 [n]
        In base currency.
    """

    time_ns: Int64Array
    mine: Float64Array
    rules: Float64Array

    def since(self, time_ns: int) -> "Curves":
        """Return what came at or after an instant."""
        first = int(np.searchsorted(self.time_ns, time_ns))
        return Curves(self.time_ns[first:], self.mine[first:], self.rules[first:])

    @property
    def fall(self) -> Float64Array:
        """How far the account stands below its highest point so far, as a negative fraction."""
        if len(self.mine) == 0:
            return self.mine
        high = np.fmax.accumulate(self.mine)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.mine / high - 1.0, dtype=np.float64)

    def grown(self, curve: Float64Array) -> float:
        """Growth of one of them from its first to its last known value; NaN if there is none."""
        known = curve[np.isfinite(curve)]
        return float(known[-1] / known[0] - 1.0) if len(known) and known[0] > 0.0 else math.nan


@dataclass
class EquityReader:
    """Reads what was added since it last looked: 16 bytes an account and bar are kept."""

    desk: Desk
    _after: int = 0
    _parts: list[pl.DataFrame] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> Curves:
        """Return everything up to now."""
        with self._lock:
            rows = self.desk.ledger.read(
                "equity",
                ["entry", "event_time_ns", "account", "equity"],
                where={"account": [ACCOUNT, BASELINE]},
                after=self._after,
            )
            if rows.height:
                self._after = int(rows["entry"].to_numpy().max())
                self._parts.append(rows.drop("entry"))
            if not self._parts:
                empty = np.empty(0)
                return Curves(np.empty(0, dtype=np.int64), empty, empty)
            if len(self._parts) > 64:
                self._parts = [pl.concat(self._parts)]
            frame = pl.concat(self._parts)
        wide = (
            frame.unique(["event_time_ns", "account"], keep="last")
            .pivot(on="account", index="event_time_ns", values="equity")
            .sort("event_time_ns")
        )
        return Curves(
            wide["event_time_ns"].to_numpy(), _column(wide, ACCOUNT), _column(wide, BASELINE)
        )


def _column(wide: pl.DataFrame, name: str) -> Float64Array:
    if name not in wide.columns:
        return np.full(wide.height, math.nan)
    return wide[name].cast(pl.Float64).fill_null(math.nan).to_numpy()
