"""Where text goes: people's to the screen, programs' as JSON on standard output, alone."""

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["console", "jsonable", "print_json"]


def console(as_json: bool = False) -> "Console":
    """Return where people read: standard output, or standard error beside ``--json``."""
    from rich.console import Console

    return Console(stderr=as_json, highlight=False)


def print_json(figures: object) -> None:
    """Print figures as JSON, which is then all that standard output holds."""
    sys.stdout.write(json.dumps(jsonable(figures), indent=2, allow_nan=False) + "\n")


def jsonable(value: Any) -> Any:
    """Return a value as JSON knows it; a number that is unknown or infinite becomes null.

    Examples
    --------
    >>> jsonable({"sharpe": float("nan"), "bars": (1, 2)})
    {'sharpe': None, 'bars': [1, 2]}
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    return value if isinstance(value, str | int | bool | None) else str(value)
