"""``Alert``: something a person should know, as one frozen record."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from edgekeeper.errors import UsageError, nearest

__all__ = ["SEVERITIES", "Alert", "Severity"]

Severity = Literal["critical", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert.

    Attributes
    ----------
    event_time : int
        When, nanoseconds UTC.
    severity : {"critical", "warning", "info"}
        At once, within a day, or with the week's summary.
    rule : str
        Short name of the rule that fired.
    message : str
        A sentence for people.
    detail : mapping
        The figures behind it: text, numbers, or nested mappings and sequences of them.

    Raises
    ------
    UsageError
        Another severity, or a rule without a name.

    Examples
    --------
    >>> alert = Alert(5, "warning", "drift", "odd", {"psi": float("nan")})
    >>> alert.to_json().partition(',"detail"')[0]
    '{"event_time":5,"severity":"warning","rule":"drift","message":"odd"'
    >>> alert.runbook
    'docs/runbooks.md#drift'
    """

    event_time: int
    severity: Severity
    rule: str
    message: str
    detail: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise UsageError(
                f"expected a severity of {', '.join(SEVERITIES)}, got {self.severity!r}"
                f"{nearest(str(self.severity), SEVERITIES)}"
            )
        if not self.rule:
            raise UsageError("expected the name of the rule that raised the alert, got none")

    @property
    def runbook(self) -> str:
        """Where it is written what this alert means, and what to do."""
        calm = self.severity == "info" and self.rule != "weekly"
        return "docs/runbooks.md#" + ("information" if calm else self.rule.replace("_", "-"))

    def to_json(self) -> str:
        """One line of JSON, ASCII only; NaN and infinities become null."""
        record = {
            "event_time": int(self.event_time),
            "severity": self.severity,
            "rule": self.rule,
            "message": self.message,
            "detail": _plain(self.detail),
            "runbook": self.runbook,
        }
        return json.dumps(record, separators=(",", ":"))


def _plain(value: object) -> object:
    """Values JSON can carry; what it cannot is shown as text, so that an alert never fails."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    return str(value)
