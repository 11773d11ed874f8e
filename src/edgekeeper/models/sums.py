"""Keep long sums in one order: threads that share a sum round it differently."""

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["summed_in_order"]


@contextmanager
def summed_in_order() -> Iterator[None]:
    """Let BLAS and OpenMP work on one thread inside the block.

    A matrix product or a scalar product of some thousand rows is split among threads, and its last
    bits depend on how many there are. What ends in a package may not.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
