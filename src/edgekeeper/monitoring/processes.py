"""What the machine says of the processes of a run, read from ``/proc`` where there is one."""

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessUse", "folder_bytes", "process_use"]

_PROC = Path("/proc")
_AFTER_NAME = 2  # fields that stand before the state: the process id, and its name in brackets
_USER_TICKS, _SYSTEM_TICKS = 13, 14


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """What a process uses now, and has used since it began."""

    resident_bytes: int
    cpu_seconds: float
    open_files: int | None


def process_use(pid: int) -> ProcessUse | None:
    """Return what a process uses; None: it is gone, or this system does not say."""
    try:
        pages = int((_PROC / str(pid) / "statm").read_text("ascii").split()[1])
        text = (_PROC / str(pid) / "stat").read_text("utf-8", errors="replace")
    except (OSError, ValueError, IndexError):
        return None
    fields = text.rpartition(")")[2].split()  # a name may hold blanks and brackets
    ticks = sum(int(fields[place - _AFTER_NAME]) for place in (_USER_TICKS, _SYSTEM_TICKS))
    return ProcessUse(
        pages * os.sysconf("SC_PAGE_SIZE"), ticks / os.sysconf("SC_CLK_TCK"), _open_files(pid)
    )


def _open_files(pid: int) -> int | None:
    try:
        return sum(1 for _ in (_PROC / str(pid) / "fd").iterdir())
    except OSError:  # somebody else's process
        return None


def folder_bytes(folder: Path) -> int:
    """Return what the files of a folder take, those that vanish meanwhile left out."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except OSError:
                continue
    return total
