"""Give an order to a live run, and wait for what becomes of it."""

import getpass
import time
from pathlib import Path
from typing import Any

from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import LEDGER, find_live_run
from edgekeeper.errors import Refused, UsageError

__all__ = ["give_order"]

_LOOK_SECONDS = 0.05


def give_order(
    kind: str,
    *,
    subject: str = "",
    reason: str,
    detail: dict[str, Any] | None = None,
    run: str,
    ledger: str,
    wait: float,
    as_json: bool,
) -> None:
    """Write an order down, and say what came of it once the loop has looked.

    Raises
    ------
    UsageError
        No live run there, or no reason.
    Refused
        The loop refused it.
    """
    from edgekeeper.ledger import Ledger
    from edgekeeper.ledger.commands import write_command

    if not reason.strip():
        raise UsageError("--reason: expected some words, since every order is on record with its")
    folder = Path() if ledger else find_live_run(run)
    with Ledger.open(ledger or folder / LEDGER) as record:
        if record.read("stretches").height == 0:
            raise UsageError(
                f"{record.place} is no live run: orders are for runs of `edgekeeper paper`"
            )
        order = write_command(
            record,
            kind,
            wall_time_ns=time.time_ns(),
            actor=getpass.getuser(),
            reason=reason,
            subject=subject or None,
            detail=detail,
        )
        outcome = _outcome(record, order, wait)
        place = record.place
    said = _words(kind, subject, outcome)
    if as_json:
        print_json({"run": place, "id": order, "kind": kind, "subject": subject or None,
                    "outcome": outcome})  # fmt: skip
    else:
        console().print(said)
    if outcome is not None and outcome.startswith("refused"):
        raise Refused(f"{kind} {subject}".strip() + f" was {outcome}")


def _outcome(record: Any, order: str, wait: float) -> str | None:
    """What the loop made of it; None: it has not looked yet."""
    until = time.monotonic() + wait
    while True:
        rows = record.read("obeyed", ["outcome"], where={"id": order})
        if rows.height:
            return str(rows["outcome"][0])
        if time.monotonic() >= until or not record.has_writer("trade"):
            return None
        time.sleep(_LOOK_SECONDS)


def _words(kind: str, subject: str, outcome: str | None) -> str:
    what = f"{kind} {subject}".strip()
    if outcome is None:
        return (
            f"{what}: written down. No loop has looked yet: it is done before the next bar is "
            "taken, now or at the next start of `edgekeeper paper`."
        )
    return f"{what}: {outcome}."
