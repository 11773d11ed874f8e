"""Signs of life: each process of a run says in a small file of its own that it goes on.

They are files beside the record, not rows of it. Once a second for years they would be most of the
record, and what matters about them is only that they come; when one does not, that is recorded, as
an order and an alert. A file can also be written while the database is locked or damaged.

Age is told by the machine's monotonic clock, which all its processes share and nobody can set.
"""

import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from edgekeeper.errors import StorageError

__all__ = ["Beat", "Heart", "HeartState", "heartbeat_file", "last_beat"]

HeartState = Literal["starting", "alive", "busy", "stopped", "failed"]
_STATES = get_args(HeartState)
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Beat:
    """One sign of life.

    Attributes
    ----------
    process : str
        ``"trade"`` or ``"watch"``.
    pid : int
    state : {"starting", "alive", "busy", "stopped", "failed"}
        Busy with something long; stopped by will, or by an error.
    wall_time_ns : int
        For people.
    monotonic_ns : int
        By the clock that runs since the machine was started.
    boot : str
        Which start of the machine; empty where it cannot be told.
    """

    process: str
    pid: int
    state: HeartState
    wall_time_ns: int
    monotonic_ns: int
    boot: str

    def age_seconds(self, monotonic_ns: int | None = None, boot: str | None = None) -> float:
        """How long ago it was; infinite if it was before the machine started, or is not past."""
        now = time.monotonic_ns() if monotonic_ns is None else monotonic_ns
        if self.boot != (_boot() if boot is None else boot) or now < self.monotonic_ns:
            return math.inf
        return (now - self.monotonic_ns) / 1e9

    @property
    def runs(self) -> bool:
        """Whether such a process is there now: one that was killed leaves a young file behind."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


class Heart:
    """Gives signs of life, at most every so often unless the state changes.

    Parameters
    ----------
    folder : path
    process : str
    every_seconds : float
    """

    def __init__(
        self,
        folder: Path,
        process: str,
        every_seconds: float,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._file, self._process = heartbeat_file(folder, process), process
        self._every_ns = round(every_seconds * 1e9)
        self._monotonic_ns = monotonic_ns
        self._last: tuple[HeartState, int] | None = None

    def beat(self, state: HeartState = "alive") -> bool:
        """Say so; return whether it could be said. A full disk looks like death from outside."""
        now = self._monotonic_ns()
        if self._last and self._last[0] == state and now - self._last[1] < self._every_ns:
            return True
        beat = Beat(self._process, os.getpid(), state, time.time_ns(), now, _boot())
        temporary = self._file.with_name(f".{self._file.name}.{os.getpid()}.tmp")
        try:
            temporary.write_text(json.dumps(asdict(beat)), "utf-8")
            temporary.replace(self._file)
        except OSError:
            return False
        self._last = (state, now)
        return True


def heartbeat_file(folder: Path, process: str) -> Path:
    """Where a process of a run says that it lives."""
    return folder / f"heartbeat-{process}.json"


def last_beat(folder: Path, process: str) -> Beat | None:
    """Return the last sign of life; None: there is none that can be read.

    Raises
    ------
    StorageError
        The file is there and may not be read.
    """
    try:
        text = heartbeat_file(folder, process).read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(
            f"could not read {heartbeat_file(folder, process)}: {error}: check who may read it"
        ) from error
    try:
        return _beat(json.loads(text), process)
    except (ValueError, TypeError, KeyError):
        return None


def _beat(said: Any, process: str) -> Beat | None:
    state = said["state"]
    if said["process"] != process or state not in _STATES:
        return None
    numbers = [said[name] for name in ("pid", "wall_time_ns", "monotonic_ns")]
    if not all(type(number) is int for number in numbers):
        return None
    pid, wall, monotonic = numbers
    return Beat(process, pid, state, wall, monotonic, str(said["boot"]))


def _boot() -> str:
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""
