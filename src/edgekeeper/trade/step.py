"""``Step``: what the trading loop did over some instants, until it is put on record."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgekeeper.rollout import EvidenceBars
from edgekeeper.simulator import Log
from edgekeeper.types import Forecasts

__all__ = ["Step"]


@dataclass(slots=True)
class Step:
    """Instants ``first:last``, the bars that came at them, and what became of these.

    Nothing in it changes any more: it may be recorded later, and by another thread.

    Attributes
    ----------
    rows : slice
        Bars, in canonical order.
    bars_hash : str
    dropped : sequence of str
        Why strategies of the rules no longer count from here on.
    stretch : mapping, optional
        Where a live run stands: columns of its row.
    forecasts : mapping
        Line to what its package forecasts, and ``packages`` to that package's hash.
    logs : mapping
        Account to log; accounts that are not recorded leave their marks only.
    deciders : mapping
        Account to the package that decides for it; absent where none does.
    dealt : mapping
        Account to the package of each row, where they are not all the same.
    open_decisions : collection of (int, int)
        Decisions on signals that were dealt out and whose trades are open: (instant, symbol).
    explanations : sequence of mapping
        Columns of explained decisions, from one package after the other.
    evidence : mapping
        Line to its evidence after each bar, and ``thresholds`` to what it needs.
    """

    first: int
    last: int
    rows: slice
    bars_hash: str
    dropped: Sequence[str] = ()
    stretch: Mapping[str, object] | None = None
    forecasts: Mapping[str, Forecasts] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    logs: Mapping[str, Log] = field(default_factory=dict)
    deciders: Mapping[str, str | None] = field(default_factory=dict)
    dealt: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    open_decisions: Collection[tuple[int, int]] = ()
    explanations: Sequence[Mapping[str, Any]] = ()
    evidence: Mapping[str, EvidenceBars] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)

    @property
    def bars(self) -> int:
        """How many came."""
        count: int = self.rows.stop - self.rows.start
        return count
