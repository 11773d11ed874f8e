"""Positions that an account holds, read from its fills."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgekeeper.ledger import Ledger

__all__ = ["Position", "read_positions"]


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


def read_positions(ledger: "Ledger", account: str) -> tuple[Position, ...]:
    """Return the open positions of an account, by symbol: at most one a symbol, net."""
    opened = _newest(ledger, account, "open")
    closed = _newest(ledger, account, "close")
    found = []
    for symbol, row in sorted(opened.items()):
        end = closed.get(symbol)
        if end is not None and end["entry"] > row["entry"]:
            continue
        order = ledger.read(
            "orders",
            ["stop", "target"],
            where={"account": account, "id": row["order_id"]},
            limit=1,
        ).rows()
        stop, target = order[0] if order else (None, None)
        found.append(
            Position(symbol, row["side"], row["quantity"], row["price"], row["event_time_ns"],
                     stop, target)
        )  # fmt: skip
    return tuple(found)


def _newest(ledger: "Ledger", account: str, action: str) -> dict[str, dict[str, Any]]:
    """Each symbol's newest fill of a kind."""
    columns = ["entry", "event_time_ns", "order_id", "symbol", "side", "quantity", "price"]
    rows = ledger.read("fills", columns, where={"account": account, "action": action})
    return {str(row["symbol"]): row for row in rows.iter_rows(named=True)}
