"""Keep a record within its disk while a run writes it: move, let go, and when short of room, stop.

None of this is seen by the market-time chains: rows are hashed before it is asked whether they are
kept. What was done is a fact of the operational chain, which an audit honours.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from edgekeeper.clock import Clock
from edgekeeper.config import StorageConfig
from edgekeeper.errors import StorageError
from edgekeeper.ledger.archive import Archive, months_before
from edgekeeper.ledger.ledger import Ledger
from edgekeeper.ledger.schema import BULK_OF
from edgekeeper.ledger.segment import Segment

__all__ = ["Compacted", "Upkeep", "free_share_beside"]

WORTH_MOVING = 100_000
"""Rows of a table below which a month stays in it: small records remain one file."""

_WITHHELD = "no further forecasts are kept: {}"
_ROOM_AGAIN = 1.2  # times the smallest share, so that a disk at the edge does not flap


def free_share_beside(ledger: Ledger) -> Callable[[], float | None]:
    """Return what measures the free share of the disk a ledger lies on; ``None``: not on ours."""

    folder = None if ledger.file is None else str(ledger.file.parent)

    def measure() -> float | None:
        if folder is None:
            return None
        disk = shutil.disk_usage(folder)
        return disk.free / disk.total

    return measure


@dataclass(frozen=True, slots=True)
class Compacted:
    """What compacting did: segments made, and segments let go."""

    moved: list[Segment]
    let_go: list[Segment]


class Upkeep:
    """What a run calls beside its own work.

    Parameters
    ----------
    ledger : Ledger
        Open for writing; with one in memory there is nothing to do.
    settings : StorageConfig
    clock : Clock
        Wall time.
    free_share : callable, optional
        Free share of the disk, 0 to 1, or ``None`` where it is not known.
    role : str
        Whose bulk rows: ``"operations"`` for those of a run, ``"signals"`` for a side-car's.

    Attributes
    ----------
    warning : str
        What a person should see as long as detail is not kept; else empty.
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: StorageConfig,
        clock: Clock,
        free_share: Callable[[], float | None] | None = None,
        *,
        role: str = "operations",
    ) -> None:
        self._role = role
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._free_share = free_share or free_share_beside(ledger)
        self._keeping: bool | None = None
        self.warning = ""

    def look(self) -> None:
        """Stop keeping detail when the disk runs short, and start again when there is room."""
        share, least = self._free_share(), self._settings.min_free_share
        if share is None or (self._keeping and share >= least):
            return  # as at nearly every epoch
        if self._ledger.unproved or not self._ledger.in_reach:
            return
        if self._keeping is None:
            mine = BULK_OF[self._role]
            self._keeping = not any(one in mine for one in self._ledger.holdings().open_gaps())
            if not self._keeping:
                self._archive()  # which withholds as before
                self.warning = _WITHHELD.format("as before")
        if self._keeping and share < least:
            reason = f"{share:.1%} of the disk is free, less than {least:.0%}"
            self._archive().stop_detail(reason)
            self.warning = _WITHHELD.format(reason)
            self._keeping = False
        elif not self._keeping and share >= least * _ROOM_AGAIN:
            self._archive().resume_detail(f"{share:.1%} of the disk is free")
            self.warning = ""
            self._keeping = True

    def month_end(self, now_ns: int) -> None:
        """Move sealed months, then let go of what the settings do not keep.

        A disk without room for a segment is recorded and asked again next month: rows stay where
        they are.
        """
        if self._ledger.unproved or not self._ledger.in_reach:
            return
        chosen = self._settings
        lets_go = chosen.shadow_detail_months is not None or chosen.disk_budget_gb is not None
        if not lets_go and self._ledger.bulk_rows(self._role) < WORTH_MOVING:
            return  # as at nearly every month of a small record
        archive = self._archive()
        try:
            archive.move(now_ns, self._settings.keep_months, at_least=WORTH_MOVING)
        except StorageError as error:
            archive.put_off(str(error))
        self._let_go(archive, now_ns)

    def compact(self, now_ns: int) -> Compacted:
        """Do the same for however few rows, by order of a person, and give the space back.

        Raises
        ------
        StorageError
            No room, or another process is at it.
        """
        archive = self._archive()
        moved = archive.move(now_ns, self._settings.keep_months)
        gone = self._let_go(archive, now_ns)
        archive.shrink()
        return Compacted(moved, gone)

    def _archive(self) -> Archive:
        return self._ledger.archive(self._clock, self._role)

    def _let_go(self, archive: Archive, now_ns: int) -> list[Segment]:
        months, budget = self._settings.shadow_detail_months, self._settings.disk_budget_gb
        gone: list[Segment] = []
        if months is not None:
            until = months_before(now_ns, months)
            gone += archive.let_go_before(until, f"older than {months} months")
        if budget is not None:
            gone += archive.let_go_beyond(int(budget * 1e9), f"the record is over {budget:g} GB")
        return gone
