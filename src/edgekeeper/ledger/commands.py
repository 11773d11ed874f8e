"""What people write into a record: orders for a loop, that alerts were seen, answers to changes."""

import secrets
from collections.abc import Mapping
from typing import Any

from edgekeeper.errors import UsageError, nearest
from edgekeeper.ledger.ledger import Ledger

__all__ = ["ANSWERS", "acknowledge", "answer_change", "write_command"]

ANSWERS = ("approved", "declined")
"""What a person may say to a proposed change of a setting."""

_ASKED, _CHANGE = "asked", "parameter_change"


def write_command(
    ledger: Ledger,
    kind: str,
    *,
    wall_time_ns: int,
    actor: str,
    reason: str,
    subject: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> str:
    """Append an order, safe on disk, and return its id.

    Raises
    ------
    StorageError
        Someone else writes an order just now, or the ledger cannot be written.
    """
    order = secrets.token_hex(8)
    with ledger.transaction("person", durable=True) as tx:
        tx.append(
            "commands",
            {
                "wall_time_ns": wall_time_ns,
                "id": order,
                "kind": kind,
                "subject": subject,
                "actor": actor,
                "reason": reason,
                "detail_json": [dict(detail)] if detail else None,
            },
        )
    return order


def acknowledge(ledger: Ledger, rule: str, *, actor: str, reason: str) -> int:
    """Append that a person has seen the alerts of a rule so far; return how many these are.

    Raises
    ------
    UsageError
        No alert of that rule, or no reason.
    """
    if not reason.strip():
        raise UsageError("--reason: expected some words, since every answer is on record with its")
    raised = ledger.read("alerts", ["rule", "event_time_ns"])
    mine = raised.filter(raised["rule"] == rule)
    if mine.height == 0:
        known = sorted(set(raised["rule"].to_list()))
        raise UsageError(
            f"expected the rule of an alert on record, got {rule!r}{nearest(rule, known)} "
            f"(there are {', '.join(known) or 'none'})"
        )
    with ledger.transaction("person", durable=True) as tx:
        tx.append(
            "approvals",
            {
                "event_time_ns": max(mine["event_time_ns"].to_list()),
                "subject": rule,
                "kind": "alert",
                "answer": "noted",
                "actor": actor,
                "reason": reason,
            },
        )
    return mine.height


def answer_change(ledger: Ledger, setting: str, answer: str, *, actor: str, reason: str) -> None:
    """Append what a person says to a proposed change of a setting.

    Nothing changes by it: a setting belongs to a recipe, and another value makes another recipe.

    Raises
    ------
    UsageError
        No change of that setting waits, no such answer, or no reason.
    """
    if not reason.strip():
        raise UsageError("--reason: expected some words, since every answer is on record with its")
    if answer not in ANSWERS:
        raise UsageError(f"expected {' or '.join(ANSWERS)}, got {answer[:40]!r}")
    rows = ledger.read("approvals", where={"kind": _CHANGE})
    newest = {row["subject"]: row for row in rows.iter_rows(named=True)}
    waiting = [name for name, row in newest.items() if row["answer"] == _ASKED]
    if setting not in waiting:
        raise UsageError(
            f"expected a setting whose change waits, got {setting[:60]!r}"
            f"{nearest(setting, waiting)} (there are {', '.join(waiting) or 'none'})"
        )
    with ledger.transaction("person", durable=True) as tx:
        tx.append(
            "approvals",
            {
                "event_time_ns": newest[setting]["event_time_ns"],
                "subject": setting,
                "kind": _CHANGE,
                "answer": answer,
                "actor": actor,
                "reason": reason,
            },
        )
