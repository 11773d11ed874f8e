"""Let another thread wait for the disk: one piece of work at a time, whose failure is not lost."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

__all__ = ["Behind"]


class Behind:
    """Does one thing while its owner goes on; the owner waits before it starts the next.

    Examples
    --------
    >>> done, behind = [], Behind("example")
    >>> behind.start(lambda: done.append(1))
    >>> behind.close()
    >>> done
    [1]
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._thread: ThreadPoolExecutor | None = None
        self._work: Future[None] | None = None

    def start(self, work: Callable[[], object]) -> None:
        """Begin; raise what the work before this one raised."""
        self.wait()
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, self._name)
        self._work = self._thread.submit(self._do, work)

    @property
    def under_way(self) -> "Future[None] | None":
        """What was started and not waited for yet."""
        return self._work

    def wait(self) -> None:
        """Wait for what was started; raise, once, what it raised."""
        work, self._work = self._work, None
        if work is not None:
            work.result()

    def close(self) -> None:
        """Wait as :meth:`wait` does, and end the thread."""
        try:
            self.wait()
        finally:
            if self._thread is not None:
                self._thread.shutdown()
                self._thread = None

    def _do(self, work: Callable[[], object]) -> None:
        work()
