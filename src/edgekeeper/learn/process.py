"""``LearnerProcess``: fits in a process of its own, one at a time, within bounds.

Whoever trades asks and goes on. The child reads and writes the record itself; over its pipes go
only requests and what became of them. It is spawned, never forked, since threads of OpenMP do not
survive a fork; and it ends when its input does, so it cannot outlive who started it.
"""

import json
import os
import queue
import selectors
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from edgekeeper.config import RefitsConfig
from edgekeeper.learn.requests import FitAnswer, FitRequest

__all__ = ["LearnerProcess"]

_LOOK_SECONDS = 0.1
_PATIENCE_SECONDS = 5.0


class LearnerProcess:
    """A child that fits, started when it is first needed and again after it has died.

    Parameters
    ----------
    command : sequence of str
        What to run. It answers each line of its input with one line of its output.
    bounds : RefitsConfig
        Memory and time of one fit.
    log : Path
        Where its error output goes.
    environment : mapping of str to str
        Beside that of this process: what no list of processes should show.
    """

    def __init__(
        self,
        command: Sequence[str],
        bounds: RefitsConfig,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._command, self._bounds, self._log = list(command), bounds, log
        self._environment = dict(environment or {})
        self._requests: queue.SimpleQueue[FitRequest | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[FitAnswer] = queue.SimpleQueue()
        self._child: subprocess.Popen[bytes] | None = None
        self._waiting = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="edgekeeper-learner", daemon=True)
        self._thread.start()

    def ask(self, request: FitRequest) -> None:
        """Have a line fitted after all that were asked for before."""
        self._waiting += 1
        self._requests.put(request)

    def answers(self, wait_seconds: float = 0.0) -> list[FitAnswer]:
        """Return the answers that came since the last call, oldest first.

        Parameters
        ----------
        wait_seconds : float
            How long to wait for the first one, where any is to come.
        """
        came: list[FitAnswer] = []
        while self._waiting:
            try:
                patient = wait_seconds > 0.0 and not came
                came.append(self._answers.get(timeout=wait_seconds if patient else 0.0))
            except queue.Empty:
                break
            self._waiting -= 1
        return came

    def again(self, learn: object, request: FitRequest) -> None:
        """Make nothing again: a fit is taken from the registry, by its hash."""

    @property
    def waiting(self) -> int:
        """Requests whose answer nobody has taken yet."""
        return self._waiting

    @property
    def process_id(self) -> int | None:
        """Of the child; None: there is none now."""
        child = self._child
        return None if child is None or child.poll() is not None else child.pid

    def close(self) -> None:
        """End the child, in the midst of a fit if need be: what it had not recorded is lost."""
        self._closing.set()
        self._requests.put(None)
        self._thread.join()
        self._end()

    # -- in a thread of its own -----------------------------------------------------------------

    def _serve(self) -> None:
        while (request := self._requests.get()) is not None and not self._closing.is_set():
            try:
                answer = self._fit(request)
            except Exception as error:  # a thread that died of it would answer nothing ever again
                self._end()
                problem = f"the learner could not be understood: {type(error).__name__}: {error}"
                answer = FitAnswer(request, problem=problem)
            if not self._closing.is_set():
                self._answers.put(answer)

    def _fit(self, request: FitRequest) -> FitAnswer:
        try:
            child = self._living()
            assert child.stdin is not None
            child.stdin.write(request.to_json().encode() + b"\n")
            child.stdin.flush()
        except OSError as error:
            self._end()
            return FitAnswer(request, problem=f"the learner could not be asked: {error}")
        line = self._line(child)
        if isinstance(line, str):
            self._end()
            return FitAnswer(request, problem=line)
        said = json.loads(line)
        return FitAnswer(request, said["package"], said["problem"])

    def _living(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._end()
        threads = str(max((os.cpu_count() or 2) - 1, 1))
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**dict.fromkeys(names, threads), **os.environ, **self._environment},
                start_new_session=True,  # Ctrl-C is for the run, which ends it in its own time
            )
        return self._child

    def _line(self, child: subprocess.Popen[bytes]) -> bytes | str:
        """Return the child's next line, or why none will come."""
        assert child.stdout is not None
        until = time.monotonic() + 60.0 * self._bounds.minutes
        said = b""
        # Not select(), which takes no descriptor from 1,024 on: a busy service has more.
        with selectors.DefaultSelector() as output:
            output.register(child.stdout, selectors.EVENT_READ)
            while not said.endswith(b"\n"):
                if output.select(_LOOK_SECONDS):
                    part = os.read(child.stdout.fileno(), 65_536)
                    if not part:
                        end = _ending(child)
                        return f"the learner died: {end} (its words are in {self._log.name})"
                    said += part
                elif self._closing.is_set():
                    return "the run was stopped"
                elif time.monotonic() > until:
                    return f"it took longer than {self._bounds.minutes:g} minutes, and was ended"
                elif _megabytes(child.pid) > self._bounds.memory_mb:
                    most = self._bounds.memory_mb
                    return f"it needed more than {most} MB of memory, and was ended"
        return said

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # a request that it did not live to read
                    pipe.close()
        child.wait()


def _ending(child: subprocess.Popen[bytes]) -> str:
    try:
        code = child.wait(_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        return "it closed its output"
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def _megabytes(process_id: int) -> float:
    """Resident memory of a process; 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{process_id}/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
