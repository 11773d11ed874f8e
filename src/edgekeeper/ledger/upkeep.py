"""Keep a record within its disk while a run writes it: move, let go, and when short of room, stop.

None of this is seen by the market-time chains: rows are hashed before it is asked whether they are
kept. What was done is a fact of the operational chain, which an audit honours.
"""

import shutil
from collections.abc import Callable

from edgekeeper.clock import Clock
from edgekeeper.config import StorageConfig
from edgekeeper.errors import StorageError
from edgekeeper.ledger.archive import months_before
from edgekeeper.ledger.ledger import Ledger

__all__ = ["Upkeep", "free_share_beside"]

WORTH_MOVING = 100_000
"""Rows of a table below which a month stays in it: small records remain one file."""

_ROOM_AGAIN = 1.2  # times the smallest share, so that a disk at the edge does not flap


def free_share_beside(ledger: Ledger) -> Callable[[], float | None]:
    """Return what measures the free share of the disk a ledger lies on; ``None``: not on ours."""

    def measure() -> float | None:
        if ledger.file is None:
            return None
        disk = shutil.disk_usage(ledger.file.parent)
        return disk.free / disk.total

    return measure


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
    """

    def __init__(
        self,
        ledger: Ledger,
        settings: StorageConfig,
        clock: Clock,
        free_share: Callable[[], float | None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._clock = clock
        self._free_share = free_share or free_share_beside(ledger)
        self._keeping: bool | None = None

    def look(self) -> None:
        """Stop keeping detail when the disk runs short, and start again when there is room."""
        if self._ledger.unproved or not self._ledger.in_reach:
            return
        share = self._free_share()
        if share is None:
            return
        if self._keeping is None:
            self._keeping = not self._ledger.holdings().open_gaps()
            if not self._keeping:
                self._ledger.archive(self._clock)  # which withholds as before
        least = self._settings.min_free_share
        if self._keeping and share < least:
            self._ledger.archive(self._clock).stop_detail(
                f"{share:.1%} of the disk is free, less than {least:.0%}"
            )
            self._keeping = False
        elif not self._keeping and share >= least * _ROOM_AGAIN:
            self._ledger.archive(self._clock).resume_detail(f"{share:.1%} of the disk is free")
            self._keeping = True

    def month_end(self, now_ns: int) -> None:
        """Move sealed months, then let go of what the settings do not keep.

        A disk without room for a segment is recorded and asked again next month: rows stay where
        they are.
        """
        if self._ledger.unproved or not self._ledger.in_reach:
            return
        settings, archive = self._settings, self._ledger.archive(self._clock)
        try:
            archive.move(now_ns, settings.keep_months, at_least=WORTH_MOVING)
        except StorageError as error:
            archive.put_off(str(error))
        if settings.shadow_detail_months is not None:
            until = months_before(now_ns, settings.shadow_detail_months)
            archive.let_go_before(until, f"older than {settings.shadow_detail_months} months")
        if settings.disk_budget_gb is not None:
            size = int(settings.disk_budget_gb * 1e9)
            archive.let_go_beyond(size, f"the record is over {settings.disk_budget_gb:g} GB")
