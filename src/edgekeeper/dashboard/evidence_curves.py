"""Evidence of each line over time, kept in memory and read on from where it ended."""

import math
import threading
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from edgekeeper.desk import Desk
from edgekeeper.report.striding import Strided
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["EvidenceReader"]

_COLUMNS = ("log_e_cash", "log_e_exposure", "log_e_incumbent", "threshold")
_PAGE = 50_000
_MOST = 8_192


@dataclass
class EvidenceReader:
    """Reads what was added since it last looked; a line takes 330 kB, however long the run."""

    desk: Desk
    _after: int = 0
    _paths: dict[str, Strided] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, line: str) -> tuple[Int64Array, Float64Array]:
        """Return instants, and logarithms of wealth of the three bets and of what is needed.

        A bet that is ruined, or written as unknown, is minus infinity.

        Returns
        -------
        int64 [n], float64 [n, 4]
            At every bar, or of a long run at equal strides; the newest bar is always there.
        """
        with self._lock:
            height = _PAGE
            while height == _PAGE:
                height = self._read_on()
            path = self._paths.get(line, Strided(len(_COLUMNS)))
            time_ns, rows = path.time_ns, path.rows
            if path.count and (len(time_ns) == 0 or time_ns[-1] != path.last_ns):
                time_ns, rows = np.append(time_ns, path.last_ns), np.vstack((rows, path.last))
            return time_ns, rows

    def _read_on(self) -> int:
        page = self.desk.ledger.read(
            "evidence", ["entry", "event_time_ns", "line", *_COLUMNS], after=self._after,
            limit=_PAGE,
        )  # fmt: skip
        for (line,), part in page.partition_by("line", as_dict=True).items():
            logs = part.select(*_COLUMNS).cast(pl.Float64).fill_null(-math.inf).to_numpy()
            path = self._paths.setdefault(str(line), Strided(len(_COLUMNS), most=_MOST))
            path.add(part["event_time_ns"].to_numpy(), logs)
        if page.height:
            self._after = int(page["entry"][-1])
        return page.height
