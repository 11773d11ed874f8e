"""Checks of the machine: what Edgekeeper needs, what it found, and the fix."""

import os
import platform
import re
import shutil
import struct
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Literal

__all__ = ["Check", "check_machine"]

Outcome = Literal["ok", "warn", "fail"]

_OLDEST = (3, 11)
_GB = 10**9
_MEMORY_GB, _DISK_GB = 2.0, 1.0
_REQUIREMENT = re.compile(r"^([A-Za-z0-9_.-]+)([^;]*)")
_BOUND = re.compile(r"(>=|<)\s*([\d.]+)")
_CLOCK_UNSYNCHRONISED = 5
_CLOCK_ERROR_SECONDS = 2.0
_TIMEX_BYTES = 512


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; ``fix`` says what to do where it is not ok."""

    name: str
    outcome: Outcome
    found: str
    fix: str = ""
    library: bool = False


def check_machine(folder: Path) -> list[Check]:
    """Look at the machine as Edgekeeper would use it from ``folder``."""
    looks: tuple[Callable[[], Check], ...] = (
        _python,
        _processor,
        _memory,
        lambda: _disk(folder),
        lambda: _writable(folder),
        _clock,
        _zones,
        _cache,
        _terminal,
    )
    return [*(look() for look in looks), *_libraries()]


def _python() -> Check:
    found = f"{platform.python_version()} ({platform.system()} {platform.machine()})"
    if sys.version_info < _OLDEST:
        return Check("Python", "fail", found, "install Python 3.11 or newer, then `make setup`")
    return Check("Python", "ok", found)


def _processor() -> Check:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = f"{cores} {'core' if cores == 1 else 'cores'} to use"
    if cores == 1:
        return Check("Processor", "warn", found, "two or more make learning about twice as fast")
    return Check("Processor", "ok", found)


def _memory() -> Check:
    try:
        size = os.sysconf("SC_PAGE_SIZE")
        total, free = (size * os.sysconf(f"SC_{name}PHYS_PAGES") / _GB for name in ("", "AV"))
    except (ValueError, OSError, AttributeError):
        return Check("Memory", "ok", "this system does not say")
    free = max(free, _available_linux())
    found = f"{free:.1f} GB free of {total:.1f} GB"
    if free < _MEMORY_GB:
        return Check("Memory", "warn", found, f"close something: {_MEMORY_GB:g} GB are comfortable")
    return Check("Memory", "ok", found)


def _available_linux() -> float:
    """What Linux could give to a new program, caches included."""
    try:
        text = Path("/proc/meminfo").read_text("ascii")
    except OSError:
        return 0.0
    match = re.search(r"MemAvailable:\s+(\d+) kB", text)
    return int(match[1]) * 1024 / _GB if match else 0.0


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(_existing(folder)).free / _GB
    found = f"{free:.1f} GB free at {folder}"
    if free < _DISK_GB / 10:
        return Check("Disk", "fail", found, "free some space, or work in another folder")
    if free < _DISK_GB:
        return Check("Disk", "warn", found, f"{_DISK_GB:g} GB leave room for records and models")
    return Check("Disk", "ok", found)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def _writable(folder: Path) -> Check:
    if os.access(_existing(folder), os.W_OK):
        return Check("Folder", "ok", f"{folder} may be written to")
    return Check(
        "Folder", "fail", f"{folder} may not be written to",
        "work in another folder, or name one with --out",
    )  # fmt: skip


def _clock() -> Check:
    now = time.time()
    found = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    installed = Path(__file__).stat().st_mtime
    if now < installed - 86_400:
        return Check("Clock", "fail", f"{found}, before Edgekeeper was installed", "set the clock")
    clock = _clock_state()
    if clock is not None and clock.state == _CLOCK_UNSYNCHRONISED:
        return Check(
            "Clock", "warn", f"{found}, not synchronised",
            "live trading needs it: switch time synchronisation on (timedatectl set-ntp true)",
        )  # fmt: skip
    if clock is None:
        return Check("Clock", "ok", found)
    if clock.error_seconds > _CLOCK_ERROR_SECONDS:
        return Check(
            "Clock", "warn", f"{found}, may be off by {clock.error_seconds:.1f} s",
            "its last synchronisation is long ago: look at `timedatectl timesync-status`",
        )  # fmt: skip
    return Check(
        "Clock", "ok", f"{found}, synchronised to within {clock.error_seconds * 1e3:,.0f} ms"
    )


@dataclass(frozen=True, slots=True)
class _Clock:
    """What the kernel says of its clock."""

    state: int
    error_seconds: float


def _clock_state() -> _Clock | None:
    """Ask the kernel; None where it cannot be asked."""
    if sys.platform != "linux":
        return None
    import ctypes

    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    try:
        state = int(ctypes.CDLL(None).adjtimex(buffer))
    except (OSError, AttributeError):
        return None
    word = ctypes.sizeof(ctypes.c_long)
    # struct timex: modes, offset, freq, maxerror (microseconds), ...
    (error,) = struct.unpack_from("l", buffer, 3 * word)
    return _Clock(state, error / 1e6) if state >= 0 else None


def _zones() -> Check:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo("America/New_York")
    except ZoneInfoNotFoundError:
        return Check("Time zones", "fail", "no time-zone data", "install it: `pip install tzdata`")
    return Check("Time zones", "ok", "known")


def _cache() -> Check:
    """Compiled code is kept beside the source, else in a folder of the user."""
    asked = os.environ.get("NUMBA_CACHE_DIR")
    beside = Path(str(resources.files("edgekeeper"))) / "__pycache__"
    home = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    for place in (Path(asked),) if asked else (beside, home):
        if os.access(_existing(place), os.W_OK):
            return Check("Compiled code", "ok", f"kept in {place}")
    return Check(
        "Compiled code", "fail", "nowhere to keep it: every start would compile for half a minute",
        "name a folder that may be written to: export NUMBA_CACHE_DIR=DIR",
    )  # fmt: skip


def _terminal() -> Check:
    encoding = (sys.stdout.encoding or "ascii").lower()
    if encoding.replace("-", "").startswith("utf"):
        return Check("Terminal", "ok", encoding)
    return Check(
        "Terminal", "warn", f"{encoding}: curves and signs show as ?",
        "export PYTHONUTF8=1, or a UTF-8 locale",
    )  # fmt: skip


def _libraries() -> Iterator[Check]:
    """Look at every library Edgekeeper was built for, without importing it."""
    for text in metadata.requires("edgekeeper") or ():
        match = _REQUIREMENT.match(text)
        if match is None or "extra ==" in text:
            continue
        name, bounds = match[1], match[2].strip()
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield Check(name, "fail", "not installed", "run `make setup`", library=True)
            continue
        fits = all(_keeps(found, sign, bound) for sign, bound in _BOUND.findall(bounds))
        fix = "" if fits else f"expected {bounds}: run `make setup`"
        yield Check(name, "ok" if fits else "fail", found, fix, library=True)


def _keeps(found: str, sign: str, bound: str) -> bool:
    ours, theirs = _numbers(found), _numbers(bound)
    return ours >= theirs if sign == ">=" else ours < theirs


def _numbers(version: str) -> tuple[int, ...]:
    """Leading numbers of a version, without zeros at the end, so that 2.0 equals 2."""
    parts = [int(part) for part in re.findall(r"\d+", version.split("+")[0])[:4]]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
