"""``Wanted``: what a live run is to trade, as a person asks for it or one process tells another."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

__all__ = ["Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a live run is to trade.

    Attributes
    ----------
    source : str
        A live source, such as ``"ccxt:kraken"`` or ``"folder:bars"``.
    symbols : tuple of str
        Empty for those of the run it comes from.
    interval : str
        Empty for that of the run that goes on, or an hour.
    history_days : float or None
        How far back to begin; None: as far as the lines need for a first fit.
    parent : Path or None
        Folder of a run whose packages and bars to begin with.
    """

    source: str
    symbols: tuple[str, ...] = ()
    interval: str = ""
    history_days: float | None = None
    parent: Path | None = None

    def to_json(self) -> str:
        """Return it as one line of text."""
        told = asdict(self)
        return json.dumps({**told, "parent": None if self.parent is None else str(self.parent)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read it back."""
        told = json.loads(text)
        parent = told.pop("parent")
        return cls(**{**told, "symbols": tuple(told["symbols"])},
                   parent=None if parent is None else Path(parent))  # fmt: skip
