"""Give an order to a live run from the command line."""

import getpass
from pathlib import Path
from typing import Any

from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import LEDGER, find_live_run
from edgekeeper.errors import Refused

__all__ = ["give_order"]

_NEW_LINE = """
Another recipe earns its own evidence, and a run keeps the lines it began with. So add this to the
configuration, and begin a new run with `edgekeeper paper --from` this one:
"""


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

    What an approved change of a policy asks for in the configuration is said, too.

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
    section = ""
    if kind == "approve" and ordered.outcome is not None:
        section = ordering.approved_section(ledger or folder / LEDGER, subject)
    if as_json:
        told = {"run": ordered.place, "id": ordered.id, "kind": kind,
                "subject": subject or None, "outcome": ordered.outcome}  # fmt: skip
        print_json({**told, "section": section} if section else told)
    else:
        console().print(ordered.sentence)
        if section:
            console().print(_NEW_LINE)
            console().print(section, markup=False, soft_wrap=True)
    if ordered.refused:
        raise Refused(f"{kind} {subject}".strip() + f" was {ordered.outcome}")
