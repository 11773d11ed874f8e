"""Orders to a live run, written down for its loop to find."""

import secrets
from collections.abc import Mapping
from typing import Any

from edgekeeper.ledger.ledger import Ledger

__all__ = ["write_command"]


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
