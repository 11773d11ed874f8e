"""Stop when a person asks: Ctrl-C, a termination signal, or a key."""

import os
import signal
import sys
from types import FrameType
from typing import Any, Self

__all__ = ["Asked"]


class Asked:
    """Whether somebody has asked this command to end; asked twice, it ends at once.

    Parameters
    ----------
    key : str
        A key that asks too, where a person is at the terminal; empty: none.
    """

    def __init__(self, key: str = "") -> None:
        self._key, self.asked = key.encode(), False
        self._before: dict[int, Any] = {}
        self._terminal: list[Any] | None = None

    def __call__(self) -> bool:
        """Return whether to stop."""
        if not self.asked and self._terminal is not None:
            self.asked = self._key in self._pressed()
        return self.asked

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        if self._key and sys.stdin.isatty():
            import termios
            import tty

            self._terminal = termios.tcgetattr(0)
            tty.setcbreak(0)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self._terminal is not None:
            import termios

            termios.tcsetattr(0, termios.TCSADRAIN, self._terminal)
            self._terminal = None

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    @staticmethod
    def _pressed() -> bytes:
        import select

        ready, _, _ = select.select([0], [], [], 0)
        return os.read(0, 64) if ready else b""
