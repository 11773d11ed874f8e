"""Give an order to a live run, and wait for what becomes of it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from edgekeeper.ledger import Ledger

__all__ = ["Ordered", "approved_section", "give_order", "outcome_of"]

_LOOK_SECONDS = 0.05
_SIDECAR = ("sidecar_obeyed", "signals")


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order on record.

    Attributes
    ----------
    id, kind, subject : str
    place : str
        Of the ledger it stands in.
    outcome : str or None
        ``"done"``, ``"refused: why"``; None: no loop has looked yet.
    """

    id: str
    kind: str
    subject: str
    place: str
    outcome: str | None

    @property
    def refused(self) -> bool:
        """Whether the loop would not."""
        return self.outcome is not None and self.outcome.startswith("refused")

    @property
    def sentence(self) -> str:
        """What became of it."""
        what = f"{self.kind} {self.subject}".strip()
        if self.outcome is None:
            return (
                f"{what}: written down. No loop has looked yet: it is done before the next bar is "
                "taken, now or at the next start of the run."
            )
        return f"{what}: {self.outcome}."


def give_order(
    ledger: str | Path,
    kind: str,
    *,
    actor: str,
    reason: str,
    subject: str = "",
    detail: Mapping[str, Any] | None = None,
    wait_seconds: float = 0.0,
) -> Ordered:
    """Write an order down, and wait a while for what the loop makes of it.

    Parameters
    ----------
    ledger : str or path
        Where the record is.
    kind : str
        One of :data:`~edgekeeper.trade.ORDERS`.
    actor, reason : str
        Who, and why in their words.
    subject : str, optional
        Line or package, where the kind has one.
    detail : mapping, optional
    wait_seconds : float

    Raises
    ------
    UsageError
        Neither a live run nor a side-car there, or no reason.
    """
    from edgekeeper.ledger import Ledger
    from edgekeeper.ledger.commands import write_command

    if not reason.strip():
        raise UsageError("--reason: expected some words, since every order is on record with its")
    with Ledger.open(ledger) as record:
        obeyed = _who_obeys(record, subject)
        order = write_command(
            record,
            kind,
            wall_time_ns=time.time_ns(),
            actor=actor,
            reason=reason,
            subject=subject or None,
            detail=detail,
        )
        outcome = _outcome(record, order, wait_seconds, *obeyed)
        return Ordered(order, kind, subject, record.place, outcome)


def outcome_of(record: "Ledger", order: str) -> str | None:
    """Return what became of an order that was given before; None: no loop has looked yet."""
    for table in ("obeyed", _SIDECAR[0]):
        rows = record.read(table, ["outcome"], where={"id": order})
        if rows.height:
            return str(rows["outcome"][0])
    return None


def approved_section(ledger: str | Path, subject: str) -> str:
    """Return the section of the configuration that an approved change asks for; or nothing."""
    from edgekeeper.ledger import Ledger

    with Ledger.open(ledger, read_only=True) as record:
        rows = record.read("approvals", ["detail_json"], where={"answer": "approved"})
    for text in reversed(rows["detail_json"].to_list()):
        held = json.loads(text or "{}")
        detail = held[0] if isinstance(held, list) else held
        if subject and str(detail.get("id", "")).startswith(subject):
            return str(detail.get("section", ""))
    return ""


def _who_obeys(record: "Ledger", subject: str) -> tuple[str, str]:
    """Table in which the outcome is written, and the role that writes it."""
    if subject and record.read("sidecar_moves", limit=1, where={"line": subject}).height:
        return _SIDECAR
    if subject and record.read("sidecar_fits", limit=1, where={"hash": subject}).height:
        return _SIDECAR
    if record.read("stretches", limit=1).height:
        return "obeyed", "trade"
    if record.read("sidecar_guards", limit=1).height:
        return _SIDECAR
    raise UsageError(
        f"{record.place} is no live run: orders are for runs of `edgekeeper paper` and for "
        "side-cars"
    )


def _outcome(
    record: "Ledger", order: str, wait_seconds: float, table: str, role: str
) -> str | None:
    """What the loop made of it; None: it has not looked yet."""
    until = time.monotonic() + wait_seconds
    while True:
        rows = record.read(table, ["outcome"], where={"id": order})
        if rows.height:
            return str(rows["outcome"][0])
        if time.monotonic() >= until or not record.has_writer(role):
            return None
        time.sleep(_LOOK_SECONDS)
