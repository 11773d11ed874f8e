"""What processes use: memory now, and of the processor since the last look."""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from edgekeeper.monitoring.processes import process_use

__all__ = ["Usage", "Used"]

_PROC = Path("/proc")
_LEAST_SECONDS = 2.0  # between two looks, or a share says nothing
_START = 19  # of the fields after the name: when the process began, in ticks after the machine


@dataclass(frozen=True, slots=True)
class Used:
    """One process.

    Attributes
    ----------
    memory_mb : float
    processor : float or None
        Share of one core since the last look; None at the first.
    since_seconds : float or None
        How long it runs.
    """

    memory_mb: float
    processor: float | None
    since_seconds: float | None


class Usage:
    """Remembers the last look at each process, for shares of the processor."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[float, float, Used]] = {}
        self._lock = threading.Lock()

    def of(self, pid: int) -> Used | None:
        """Return what a process uses; None: it is gone, or this system does not say."""
        now = time.monotonic()
        with self._lock:
            before = self._last.get(pid)
            if before is not None and now - before[0] < _LEAST_SECONDS:
                return before[2]
            use = process_use(pid)
            if use is None:
                self._last.pop(pid, None)
                return None
            share = None
            if before is not None:
                share = max(0.0, use.cpu_seconds - before[1]) / (now - before[0])
            used = Used(use.resident_bytes / 1e6, share, _running_seconds(pid))
            self._last[pid] = (now, use.cpu_seconds, used)
            return used


def _running_seconds(pid: int) -> float | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", errors="replace")
        up = float((_PROC / "uptime").read_text("ascii").split()[0])
        began = int(text.rpartition(")")[2].split()[_START]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None
    return max(0.0, up - began)
