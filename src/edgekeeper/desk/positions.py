"""Positions that an account holds, read from its fills."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgekeeper.ledger import Ledger

__all__ = ["Position", "PositionReader"]


@dataclass(frozen=True, slots=True)
class Position:
    """One open position.

    Attributes
    ----------
    symbol, side : str
    quantity : float
        Units.
    entry_price : float
        Paid per unit, costs included.
    since_ns : int
        When it was opened.
    stop, target : float or None
        Of its bracket, as ordered.
    """

    symbol: str
    side: str
    quantity: float
    entry_price: float
    since_ns: int
    stop: float | None
    target: float | None


class PositionReader:
    """Says what accounts hold again and again, and reads only what is new each time.

    Parameters
    ----------
    ledger : Ledger
    """

    def __init__(self, ledger: "Ledger") -> None:
        self._ledger = ledger
        self._after = 0
        self._newest: dict[tuple[str, str, str], int] = {}
        self._known: dict[int, Position] = {}
        self._lock = threading.Lock()

    def read(self, account: str) -> tuple[Position, ...]:
        """Return the open positions of an account, by symbol: at most one a symbol, net."""
        with self._lock:
            self._read_on()
            held = sorted(
                (symbol, entry)
                for (whose, symbol, action), entry in self._newest.items()
                if whose == account and action == "open"
                and self._newest.get((whose, symbol, "close"), 0) < entry
            )  # fmt: skip
            return tuple(self._position(entry) for _, entry in held)

    def _read_on(self) -> None:
        """Find each symbol's newest fill of a kind."""
        found = self._ledger.tally("fills", ["account", "symbol", "action"], after=self._after)
        for account, symbol, action, _, last in found.iter_rows():
            self._newest[account, symbol, action] = last
            self._after = max(self._after, last)
        standing = set(self._newest.values())
        self._known = {entry: one for entry, one in self._known.items() if entry in standing}

    def _position(self, entry: int) -> Position:
        if entry not in self._known:
            fill = self._ledger.read("fills", where={"entry": entry}).row(0, named=True)
            order = self._ledger.read(
                "orders",
                ["stop", "target"],
                where={"account": fill["account"], "id": fill["order_id"]},
                order=["entry"],
                descending=True,  # it was sent shortly before: found from the end
                limit=1,
            ).rows()
            stop, target = order[0] if order else (None, None)
            self._known[entry] = Position(
                fill["symbol"], fill["side"], fill["quantity"], fill["price"],
                fill["event_time_ns"], stop, target,
            )  # fmt: skip
        return self._known[entry]
