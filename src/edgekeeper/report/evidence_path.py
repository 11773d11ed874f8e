"""The bets of a line since its present body of evidence began, read on in little memory."""

import math

import polars as pl

from edgekeeper.ledger import Ledger
from edgekeeper.report.striding import Strided
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["NULLS", "EvidencePath"]

NULLS = {
    "log_e_cash": "cash",
    "log_e_exposure": "its own average exposure",
    "log_e_incumbent": "the incumbent",
}
_PAGE = 50_000
_MOST = 8_192


class EvidencePath:
    """Logarithms of the three bets, bar by bar up to 8,192 bars, then in strides of 2, 4, 8, ...

    Parameters
    ----------
    ledger : Ledger
    line : str
    began_ns : int
        What came after this instant counts.

    Attributes
    ----------
    threshold : float
        Logarithm of the wealth needed; infinite where there is no budget.
    epochs : int
        That have ended since, up to the newest bar of evidence.
    """

    def __init__(self, ledger: Ledger, line: str, began_ns: int) -> None:
        self.began_ns, self.threshold, self.epochs = began_ns, math.inf, 0
        self._ledger, self._line = ledger, line
        self._path = Strided(len(NULLS), most=_MOST)
        self._after = self._epochs_after = 0

    @property
    def bars(self) -> int:
        """How many bars there are evidence of."""
        return self._path.count

    @property
    def bars_each(self) -> int:
        """How many bars a row stands for."""
        return self._path.stride

    @property
    def last_ns(self) -> int:
        """The newest bar of evidence."""
        return self._path.last_ns

    @property
    def now(self) -> Float64Array:
        """Logarithms of wealth now, float64 [3]; minus infinity for a bet that is ruined."""
        return self._path.last

    @property
    def time_ns(self) -> Int64Array:
        """When each row ended, int64 [n]."""
        return self._path.time_ns

    @property
    def rows(self) -> Float64Array:
        """Logarithms of wealth at the end of each row, float64 [n, 3]."""
        return self._path.rows

    def read_on(self, until_ns: int | None = None) -> None:
        """Take in what is new."""
        columns = ["entry", "event_time_ns", *NULLS, "threshold"]
        height = _PAGE
        while height == _PAGE:
            page = self._ledger.read(
                "evidence", columns, where={"line": self._line}, since_ns=self.began_ns + 1,
                until_ns=until_ns, after=self._after, limit=_PAGE,
            )  # fmt: skip
            height = page.height
            if height:
                self._after = int(page["entry"][-1])
                logs = page.select(*NULLS).cast(pl.Float64).fill_null(-math.inf).to_numpy()
                self._path.add(page["event_time_ns"].to_numpy(), logs)
                needed = page["threshold"][-1]
                self.threshold = math.inf if needed is None else float(needed)
        if self.bars:
            self._count_epochs()

    def _count_epochs(self) -> None:
        height = _PAGE
        while height == _PAGE:
            page = self._ledger.read(
                "epochs", ["entry"], since_ns=self.began_ns + 1, until_ns=self.last_ns,
                after=self._epochs_after, limit=_PAGE,
            )  # fmt: skip
            height = page.height
            if height:
                self._epochs_after = int(page["entry"][-1])
                self.epochs += height
