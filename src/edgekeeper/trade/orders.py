"""Orders of people to the loop, and what a run inherits from another one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

__all__ = ["Bequest", "Order"]


@dataclass(frozen=True, slots=True)
class Order:
    """What a person wants done.

    Attributes
    ----------
    id : str
    kind : str
        One of :data:`~edgekeeper.trade.ORDERS`.
    subject : str
        Line or package, where the kind has one.
    actor : str
        Who.
    reason : str
        In their words.
    detail : mapping
        Options of the kind.
    """

    id: str
    kind: str
    subject: str = ""
    actor: str = "person"
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Self:
        """Read one from a row of ``commands`` or ``obeyed``."""
        detail = json.loads(row["detail_json"]) if row["detail_json"] else {}
        return cls(
            row["id"], row["kind"], row["subject"] or "", row["actor"], row["reason"], detail
        )

    def columns(self) -> dict[str, Any]:
        """Columns of its row, but for times."""
        return {
            "id": self.id,
            "kind": self.kind,
            "subject": self.subject or None,
            "actor": self.actor,
            "reason": self.reason,
            "detail_json": [dict(self.detail)] if self.detail else None,
        }


@dataclass(frozen=True, slots=True)
class Bequest:
    """A package of another run that a line of this one goes on with.

    Attributes
    ----------
    line : str
    package : str
        Content hash; the package lies in this run's registry already.
    run_id : str
        Of the run it comes from.
    """

    line: str
    package: str
    run_id: str
