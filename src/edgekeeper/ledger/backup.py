"""Backups: verified copies of a record as files of their own, and which of them are kept."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from edgekeeper.errors import StorageError, UsageError
from edgekeeper.ledger.failures import storage_errors
from edgekeeper.ledger.ledger import Ledger
from edgekeeper.ledger.sealing import SEALS_OF, seal_file
from edgekeeper.ledger.stores import FileStore, segment_folder

__all__ = ["back_up", "backups_in", "drop_backup", "expired", "restore"]

_STAMP = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"ledger-(\d{8}T\d{6}Z)\.sqlite")


def back_up(ledger: Ledger, folder: Path, now_ns: int) -> Path:
    """Copy a ledger of any kind into ``folder/ledger-<time>.sqlite``, verified before it counts.

    Segments lie beside it; those that the newest backup has already are shared with it.

    Raises
    ------
    StorageError
        Disk full, folder not writable, or a backup of this second is there.
    """
    stamp = datetime.fromtimestamp(now_ns // 10**9, UTC).strftime(_STAMP)
    path = folder / f"ledger-{stamp}.sqlite"
    draft = folder / f".ledger-{stamp}.tmp"
    if path.exists():
        raise StorageError(f"{path} is there already: wait a second and try again")
    with storage_errors(path):
        before = next(reversed(backups_in(folder)), None)
        try:
            ledger.copy_to(draft, sharing=before)
            seal_file(draft).replace(seal_file(path))
            if segment_folder(draft).is_dir():
                segment_folder(draft).replace(segment_folder(path))
            draft.replace(path)
        finally:
            drop_backup(draft)
            for leftover in folder.glob(f"{draft.name}*"):
                leftover.unlink()
    return path


def drop_backup(path: Path) -> None:
    """Remove a backup with everything that belongs to it."""
    path.unlink(missing_ok=True)
    for role in SEALS_OF:
        seal_file(path, role).unlink(missing_ok=True)
    FileStore(segment_folder(path)).drop()


def backups_in(folder: Path) -> dict[Path, datetime]:
    """Backups of a folder with their times, oldest first."""
    found = {}
    for path in sorted(folder.glob("ledger-*.sqlite")):
        match = _NAME.fullmatch(path.name)
        if match:
            found[path] = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
    return found


def expired(
    times: Iterable[datetime], *, days: int = 7, weeks: int = 5, months: int = 12
) -> set[datetime]:
    """Times of backups that rotation gives up: all but the newest of the last days, weeks, months.

    Examples
    --------
    >>> from datetime import datetime
    >>> nights = [datetime(2024, 5, day) for day in range(1, 32)]
    >>> sorted(t.day for t in set(nights) - expired(nights, days=3, weeks=2, months=2))
    [26, 29, 30, 31]
    """
    newest_first = sorted(times, reverse=True)
    kept: set[datetime] = set()
    for count, period in ((days, "%Y-%m-%d"), (weeks, "%G-%V"), (months, "%Y-%m")):
        newest: dict[str, datetime] = {}
        for time in newest_first:
            newest.setdefault(time.strftime(period), time)
        kept.update(list(newest.values())[:count])
    return set(newest_first) - kept


def restore(backup: Path, where: str | Path) -> Ledger:
    """Copy a backup to where a ledger is to be, verified; return that ledger, open for reading.

    Raises
    ------
    UsageError
        A ledger with rows is there already: nothing is ever overwritten.
    BadData
        The backup is damaged.
    """
    if not isinstance(where, str) and where.exists():
        raise UsageError(f"expected no ledger at {where} yet, got one: move it away first")
    with Ledger.open(backup, read_only=True) as source:
        source.copy_to(where)
    return Ledger.open(where, read_only=True)
