"""``Supervisor``: starts the processes of a service, starts them again when they die, ends them.

A process that fails at once is left alone for longer and longer, up to a minute. One that ends
because of wrong settings or bad data is not started again: that would fail for ever, and say so
sixty times an hour. The others go on meanwhile.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edgekeeper.watch import last_beat

__all__ = ["Role", "Supervisor"]

_FIRST_DELAY_SECONDS, _LONGEST_DELAY_SECONDS = 0.5, 60.0
_STEADY_SECONDS = 10.0
_PATIENCE_SECONDS = 15.0
_LOOK_SECONDS = 0.1
_MOST_LOG_BYTES = 10_000_000
_FOR_GOOD = (2, 3)  # wrong usage, bad data: see errors.py


@dataclass(frozen=True, slots=True)
class Role:
    """What one of the processes is for.

    Attributes
    ----------
    name : str
        Also of its log file and its heartbeat.
    command : sequence of str
    first_line : str
        What it is told on its standard input.
    silent_seconds : float or None
        It is killed and started again after so long without a sign of life; None: nobody looks.
    starting_seconds : float
        How long its first sign of life may take, if longer.
    after_seconds : float
        How long after the others it is started first.
    files : sequence of int
        Descriptors it inherits.
    environment : mapping
        Beside that of this process, whose own words count where both say something.
    """

    name: str
    command: Sequence[str]
    first_line: str = ""
    silent_seconds: float | None = None
    after_seconds: float = 0.0
    files: Sequence[int] = ()
    starting_seconds: float = 180.0
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Child:
    role: Role
    process: subprocess.Popen[bytes] | None = None
    state: Literal["waiting", "running", "failed", "stopped"] = "waiting"
    started: float = 0.0
    due: float = 0.0
    delay: float = _FIRST_DELAY_SECONDS
    starts: int = 0


class Supervisor:
    """Keeps processes running, in the order given; they are ended in the same order.

    Parameters
    ----------
    roles : sequence of Role
    folder : path
        Of the run: logs and heartbeats are there.
    told : callable
        Given a sentence whenever something happens to a process.
    """

    def __init__(
        self,
        roles: Sequence[Role],
        folder: Path,
        told: Callable[[str], None] = lambda sentence: None,
    ) -> None:
        began = time.monotonic()
        self._children = [_Child(role, due=began + role.after_seconds) for role in roles]
        self._folder, self._told = folder, told
        self._logs = folder / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)

    @property
    def states(self) -> dict[str, str]:
        """How each process fares: waiting, running, failed (for good) or stopped."""
        return {child.role.name: child.state for child in self._children}

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of those that run."""
        return {
            child.role.name: child.process.pid
            for child in self._children
            if child.process is not None and child.process.poll() is None
        }

    def look(self) -> None:
        """Start what is due, and notice what has ended or fallen silent."""
        now = time.monotonic()
        for child in self._children:
            if child.state == "waiting" and now >= child.due:
                self._start(child, now)
            elif child.state == "running":
                self._judge(child, now)

    def run(self, stop: Callable[[], bool], idle: Callable[[], None] = lambda: None) -> None:
        """Look until ``stop`` says so, then end all."""
        try:
            while not stop():
                self.look()
                idle()
                time.sleep(_LOOK_SECONDS)
        finally:
            self.end()

    def end(self) -> None:
        """End all processes, each in peace if it ends within a while."""
        for child in self._children:
            if child.process is not None:
                self._end(child)
            if child.state != "failed":
                child.state = "stopped"

    # -- one child ------------------------------------------------------------------------------

    def _start(self, child: _Child, now: float) -> None:
        log = self._logs / f"{child.role.name}.log"
        if log.is_file() and log.stat().st_size > _MOST_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
        with log.open("ab") as output:
            child.process = subprocess.Popen(
                child.role.command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=tuple(child.role.files),
                env={**child.role.environment, **os.environ},
            )
        assert child.process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already: the next look says so
            child.process.stdin.write(f"{child.role.first_line}\n".encode())
            child.process.stdin.flush()
        child.state, child.started = "running", now
        child.starts += 1

    def _judge(self, child: _Child, now: float) -> None:
        assert child.process is not None
        code = child.process.poll()
        name = child.role.name
        if code is None:
            if child.delay > _FIRST_DELAY_SECONDS and now - child.started > _STEADY_SECONDS:
                child.delay = _FIRST_DELAY_SECONDS
            silence = self._silence(child, now)
            if silence is None:
                return
            self._told(f"{name}: no sign of life for {silence:.0f} s; it is started again")
            child.process.kill()
            code = child.process.wait()
        else:
            why = f"ended by signal {-code}" if code < 0 else f"ended with code {code}"
            said = self._last_line(name)
            if code in _FOR_GOOD:
                self._let_go(child)
                child.state = "failed"
                self._told(f"{name}: {why} and is not started again: {said}")
                return
            self._told(
                f"{name}: {why}; started again in {child.delay:g} s" + (f": {said}" * bool(said))
            )
        self._let_go(child)
        child.state, child.due = "waiting", now + child.delay
        child.delay = min(2.0 * child.delay, _LONGEST_DELAY_SECONDS)

    @staticmethod
    def _let_go(child: _Child) -> None:
        """Close the pipe to a process that has ended."""
        process, child.process = child.process, None
        assert process is not None
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.close()

    def _silence(self, child: _Child, now: float) -> float | None:
        """Seconds without a sign of life, if too many."""
        most, lives = child.role.silent_seconds, now - child.started
        if most is None or lives <= most:
            return None
        beat = last_beat(self._folder, child.role.name)
        assert child.process is not None
        if beat is None or beat.pid != child.process.pid:
            # Imports may take long on a busy machine: killed for that, it would never get there.
            return lives if lives > child.role.starting_seconds else None
        return None if beat.age_seconds() <= most else min(beat.age_seconds(), lives)

    def _last_line(self, name: str) -> str:
        try:
            lines = (self._logs / f"{name}.log").read_bytes()[-4_096:].decode(errors="replace")
        except OSError:
            return ""
        return lines.strip().rpartition("\n")[2][:400]

    def _end(self, child: _Child) -> None:
        process, child.process = child.process, None
        assert process is not None
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._told(f"{child.role.name}: did not end within {_PATIENCE_SECONDS:g} s; killed")
            process.kill()
            process.wait()


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules with this interpreter."""
    return [sys.executable, "-m", module, *arguments]
