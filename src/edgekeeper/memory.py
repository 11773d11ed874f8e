"""Memory that a process does not need any more, for others on the same small machine."""

import ctypes
import sys

__all__ = ["give_back_memory"]


def give_back_memory() -> None:
    """Return to the system what is free in the heap; only glibc has to be asked.

    It keeps what large work has taken and left, until somebody asks: a few milliseconds.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
