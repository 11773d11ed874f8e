"""Halts: orders of people, and guards of a run in the same record, as the side-car sees them."""

from dataclasses import dataclass, field

from edgekeeper.ledger import Ledger

__all__ = ["Halts", "Order", "read_orders"]

_ACCOUNT = "edgekeeper"


@dataclass(frozen=True, slots=True)
class Order:
    """An order on record."""

    id: str
    kind: str
    subject: str
    actor: str
    reason: str
    detail: str


@dataclass(slots=True)
class Halts:
    """What halts signals now: the last of `kill` and `resume`, or a halt of the run's account.

    A pure function of the record: read from its beginning it comes out the same.
    """

    by_order: str = ""
    by_run: str = ""
    _read: dict[str, int] = field(default_factory=lambda: {"guards": 0})

    @property
    def why(self) -> str:
        """Why nothing trades; empty: no halt."""
        return self.by_order or self.by_run

    def obey(self, order: Order) -> None:
        """Take a `kill` or a `resume`; other orders change nothing here."""
        if order.kind == "kill":
            self.by_order = f"{order.reason} ({order.actor})"
        elif order.kind == "resume":
            self.by_order = ""

    def look(self, ledger: Ledger) -> None:
        """Read what guards of the run have done since the last look."""
        rows = ledger.read(
            "guards",
            ["entry", "event", "cause", "detail"],
            where={"account": _ACCOUNT, "event": ["halt", "resume"]},
            after=self._read["guards"],
        )
        for entry, event, cause, detail in rows.iter_rows():
            self._read["guards"] = int(entry)
            said = detail or cause or "a guard of the run"
            self.by_run = f"{said} (the run's guards)" if event == "halt" else ""


def read_orders(ledger: Ledger, after: int) -> tuple[list[Order], int]:
    """Return the orders written after a row, oldest first, and the last row read."""
    rows = ledger.read(
        "commands",
        ["entry", "id", "kind", "subject", "actor", "reason", "detail_json"],
        after=after,
    )
    found = [
        Order(id, kind, subject or "", actor, reason, detail or "{}")
        for _, id, kind, subject, actor, reason, detail in rows.iter_rows()
    ]
    return found, int(rows["entry"][-1]) if rows.height else after
