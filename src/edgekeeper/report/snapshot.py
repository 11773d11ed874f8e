"""``Snapshot``: what a running replay tells the screen at an instant."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Snapshot"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where one market's run stands.

    Attributes
    ----------
    market : str
        Name of the market, as the screen was told.
    time_ns : int
        Market time reached.
    done, total : int
        Bars.
    equities : mapping of str to float
        Keys as in ``BOOKS``; each account as a multiple of what it began with, NaN if unknown.
    tried, refused, promoted : int
        Lines so far.
    event : str
        The newest event as one sentence, or empty.
    """

    market: str
    time_ns: int
    done: int
    total: int
    equities: Mapping[str, float]
    tried: int = 0
    refused: int = 0
    promoted: int = 0
    event: str = ""
