"""A process that another one started: it is told where to work, and ends when that one does.

Its standard input is a pipe from the parent. The first line says what no list of processes should
show, since a URL may hold a password; then nothing more comes, and when the pipe closes the parent
is gone, however it ended.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable

from edgekeeper.errors import EdgekeeperError

__all__ = ["Parent", "end_with", "stand_back"]

_NICENESS = 10


class Parent:
    """The process that started this one; at a terminal there is none, and Ctrl-C ends this one.

    Attributes
    ----------
    first_line : str
        What it said.
    gone : threading.Event
        Set once it has ended, or wants this one to end.
    """

    def __init__(self) -> None:
        self.first_line, self.gone = "", threading.Event()
        self._when_gone: list[Callable[[], object]] = []
        if sys.stdin.isatty():
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # a Ctrl-C is the parent's to obey
        self.first_line = sys.stdin.readline().strip()
        threading.Thread(target=self._wait, name="edgekeeper-parent", daemon=True).start()

    def when_gone(self, act: Callable[[], object]) -> None:
        """Have something done once it is gone, in a thread of its own."""
        self._when_gone.append(act)
        if self.gone.is_set():
            act()

    def _wait(self) -> None:
        # Not by sys.stdin: its lock, held by a daemon thread, would spoil the end of Python.
        while os.read(0, 4_096):
            pass
        self.gone.set()
        for act in self._when_gone:
            act()


def end_with(main: Callable[[], None]) -> None:
    """Run ``main``, and end the process; what was raised on purpose is one line and its code."""
    try:
        main()
    except KeyboardInterrupt:
        return
    except EdgekeeperError as error:
        sys.stderr.write(f"{' '.join(str(error).split())}\n")
        sys.exit(error.exit_code)


def stand_back() -> None:
    """Work only when nobody else has to, and leave one processor to the others.

    Threads begun later stand back too. Where a system cannot keep a process off a processor, or
    has only one, niceness is all.
    """
    os.nice(_NICENESS)
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[1:] or allowed)
