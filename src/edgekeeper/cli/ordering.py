"""Give an order to a live run from the command line."""

import getpass
from pathlib import Path
from typing import Any

from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import LEDGER, find_live_run
from edgekeeper.errors import Refused

__all__ = ["give_order"]


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
    from edgekeeper.desk import ordering

    folder = Path() if ledger else find_live_run(run)
    ordered = ordering.give_order(
        ledger or folder / LEDGER,
        kind,
        actor=getpass.getuser(),
        reason=reason,
        subject=subject,
        detail=detail,
        wait_seconds=wait,
    )
    if as_json:
        print_json({"run": ordered.place, "id": ordered.id, "kind": kind,
                    "subject": subject or None, "outcome": ordered.outcome})  # fmt: skip
    else:
        console().print(ordered.sentence)
    if ordered.refused:
        raise Refused(f"{kind} {subject}".strip() + f" was {ordered.outcome}")
