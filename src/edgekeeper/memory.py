"""Memory that a process does not need any more, for others on the same small machine."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["give_back_memory", "only_new_garbage"]

_NEW_OBJECTS = 20_000
"""How many have to be there before the collector looks at them; by itself it does at 700."""


def give_back_memory() -> None:
    """Return to the system what is free in the heap; only glibc has to be asked.

    It keeps what large work has taken and left, until somebody asks: a few milliseconds.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


@contextmanager
def only_new_garbage() -> Iterator[None]:
    """Have the garbage collector pass over what is there already, for as long as a block takes.

    Modules and functions are hundreds of thousands of objects, none of which long work lets go,
    and it would walk through all of them each time. It also looks less often: what long work makes
    is mostly let go by counting. Who has set objects aside before is left alone.
    """
    if gc.get_freeze_count():
        yield
        return
    often = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, *often[1:])
    try:
        yield
    finally:
        gc.set_threshold(*often)
        gc.unfreeze()
