"""Every error Edgekeeper raises on purpose, each with the exit code it ends a command with.

A message says what was expected, what came, and what to do next.
"""

import difflib
from collections.abc import Iterable

__all__ = [
    "BadData",
    "EdgekeeperError",
    "Halted",
    "Refused",
    "StorageError",
    "UsageError",
    "nearest",
]


class EdgekeeperError(Exception):
    """Base of all errors raised on purpose."""

    exit_code = 1


class UsageError(EdgekeeperError):
    """A wrong argument, option or configuration value."""

    exit_code = 2


class BadData(EdgekeeperError):
    """Data that cannot be used as it came: malformed, leaking, empty, tampered with."""

    exit_code = 3


class Refused(EdgekeeperError):
    """A gate or rule said no. The message carries the evidence."""

    exit_code = 4


class Halted(EdgekeeperError):
    """The account is halted; a person has to resume it."""

    exit_code = 5


class StorageError(EdgekeeperError):
    """Disk full, folder unwritable, database locked or file missing."""

    exit_code = 6


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest known name, or an empty string."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]!r}?" if matches else ""
