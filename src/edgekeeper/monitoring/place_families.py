"""The folder of a run, its processes and its disk, as families of samples."""

import math
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.monitoring.bounded import Bounded
from edgekeeper.monitoring.families import counter, gauge, state_set
from edgekeeper.monitoring.processes import folder_bytes, process_use

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from edgekeeper.desk import Desk
    from edgekeeper.watch import Beat

__all__ = ["PlaceReader"]

_STATES = ("starting", "alive", "busy", "stopped", "failed")
_MOST_PROCESSES, _MOST_CHANNELS, _SIZE_SECONDS = 20, 20, 60.0


class PlaceReader:
    """Measures what lies and runs in the folder of a run.

    Parameters
    ----------
    desk : Desk
    """

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._name, self._channel = Bounded(_MOST_PROCESSES), Bounded(_MOST_CHANNELS)
        self._pids: dict[str, int] = {}
        self._restarts: dict[str, int] = {}
        self._size: tuple[float, int] | None = None

    def read(self) -> "Iterator[Metric]":
        """Yield signs of life, memory, processor, disk."""
        beats = {self._name(name): beat for name, beat in self._desk.beats().items()}
        self._count_restarts(beats)
        yield from self._life(beats)
        yield from _use(beats)
        yield from self._disk()
        yield from _pointer(self._desk.folder)
        yield from self._channels()

    def _count_restarts(self, beats: "dict[str, Beat]") -> None:
        for name, beat in beats.items():
            self._restarts.setdefault(name, 0)
            if self._pids.setdefault(name, beat.pid) != beat.pid:
                self._pids[name] = beat.pid
                self._restarts[name] += 1

    def _life(self, beats: "dict[str, Beat]") -> "Iterator[Metric]":
        label = ("process",)
        ages = {name: beat.age_seconds() for name, beat in beats.items()}
        yield gauge("heartbeat_age_seconds", "Since a process gave its last sign of life.",
                    {(name,): age for name, age in ages.items()}, label)  # fmt: skip
        yield state_set("process", "What a process says of itself.", _STATES,
                        {(name,): beat.state for name, beat in beats.items()}, label)  # fmt: skip
        yield gauge("process_runs", "Whether a process is there.",
                    {(name,): float(beat.runs) for name, beat in beats.items()}, label)  # fmt: skip
        yield counter("process_restarts", "Times a process was another one than at the last look.",
                      {(name,): count for name, count in self._restarts.items()},
                      label)  # fmt: skip

    def _channels(self) -> "Iterator[Metric]":
        """How alerts reach people; nothing is told of channels while that cannot be read."""
        from edgekeeper.alerts import channel_states
        from edgekeeper.errors import EdgekeeperError

        try:
            states = {self._channel(one.name): one for one in channel_states(self._desk.folder)}
        except EdgekeeperError:
            states = {}
        told = {(name, "delivered"): one.delivered for name, one in states.items()}
        told |= {(name, "failed"): one.failed for name, one in states.items()}
        told |= {(name, "given_up"): one.given_up for name, one in states.items()}
        yield counter("notifications", "Messages to people, by channel and what became of them.",
                      told, ("channel", "result"))  # fmt: skip
        yield gauge("notifications_waiting", "Messages that will be sent.",
                    {(name,): one.waiting for name, one in states.items()},
                    ("channel",))  # fmt: skip
        yield gauge("channel_failures_in_a_row", "Since a channel took a message; 0: it works.",
                    {(name,): one.failed_in_a_row for name, one in states.items()},
                    ("channel",))  # fmt: skip

    def _disk(self) -> "Iterator[Metric]":
        now = time.monotonic()
        if self._size is None or now - self._size[0] > _SIZE_SECONDS:
            self._size = (now, folder_bytes(self._desk.folder))
        yield gauge("folder_bytes", "Size of all files of the run.", self._size[1])
        file = self._desk.folder / "ledger.sqlite"
        size = file.stat().st_size if file.is_file() else None
        yield gauge("ledger_bytes", "Size of the record's database, where it is a file.", size)
        usage = shutil.disk_usage(self._desk.folder) if self._desk.folder.is_dir() else None
        yield gauge("disk_free_bytes", "Free space where the run lies.", usage and usage.free)
        yield gauge(
            "disk_size_bytes", "Size of the disk where the run lies.", usage and usage.total
        )


def _use(beats: "dict[str, Beat]") -> "Iterator[Metric]":
    uses = {
        (name,): use
        for name, beat in beats.items()
        if beat.state not in ("stopped", "failed") and (use := process_use(beat.pid)) is not None
    }
    label = ("process",)
    yield gauge("process_resident_memory_bytes", "Memory that a process has now.",
                {key: use.resident_bytes for key, use in uses.items()}, label)  # fmt: skip
    yield counter("process_cpu_seconds", "Processor time of a process since it began.",
                  {key: use.cpu_seconds for key, use in uses.items()}, label)  # fmt: skip
    yield gauge("process_open_files", "Files and sockets that a process holds open.",
                {key: use.open_files for key, use in uses.items() if use.open_files is not None},
                label)  # fmt: skip


def _pointer(folder: Path) -> "Iterator[Metric]":
    """Whether what the pointer names lies where it should; NaN where it cannot be read."""
    from edgekeeper.errors import EdgekeeperError
    from edgekeeper.registry import Registry

    registry = Registry(folder / "models")
    try:
        named = registry.pointer().packages
        present = set(registry.list())
        missing = float(sum(hash not in present for hash in named))
    except EdgekeeperError:
        missing = math.nan
    yield gauge("packages_missing", "Packages that should trade and are not on disk.", missing)
