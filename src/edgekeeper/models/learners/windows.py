"""One table of rows, fitted on again and again, each time on later ones: walk-forward."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Protocol, TypeVar

from edgekeeper.errors import UsageError
from edgekeeper.types import Fitted, Float64Array, Int64Array, Learner, TrainingRows

__all__ = ["Windows", "share_windows", "side_by_side"]

T = TypeVar("T")


class Windows(Protocol):
    """A table prepared for fits on many of its windows."""

    def ready(
        self,
        place: Int64Array,
        weight: Float64Array,
        *,
        validation: Int64Array | None,
        seed: int,
    ) -> Callable[[], Fitted]:
        """Prepare the rows at ``place``; ``weight`` is of all rows, ``validation`` later ones.

        Asked for window after window, oldest first. What comes back fits, in any thread and at any
        time, and nothing of it depends on when.
        """
        ...


class _EachAlone:
    """For learners that share nothing: every fit is one of its own."""

    def __init__(self, learner: Learner, table: TrainingRows) -> None:
        self._learner, self._table = learner, table

    def ready(
        self,
        place: Int64Array,
        weight: Float64Array,
        *,
        validation: Int64Array | None,
        seed: int,
    ) -> Callable[[], Fitted]:
        table = replace(self._table, weight=weight)
        rows = table.take(place)
        later = None if validation is None else table.take(validation)
        return partial(self._learner.fit, rows, validation=later, seed=seed)


def share_windows(learner: Learner, table: TrainingRows) -> Windows:
    """Prepare a table for fits on many windows of it, oldest first.

    A learner that can share work between overlapping windows offers ``windows(table)``. What it
    shares comes from rows of a window or of one before it, never from later ones. Rows of unknown
    outcome may be in the table as long as no window names them.

    Examples
    --------
    >>> import numpy as np
    >>> from edgekeeper.models.learners import Logistic
    >>> x = np.arange(8, dtype=np.float32)[:, None]
    >>> table = TrainingRows.of(x, (x[:, 0] > 2).astype(float), np.ones(8))
    >>> windows = share_windows(Logistic(), table)
    >>> fits = (
    ...     windows.ready(np.arange(k, k + 5), np.ones(8), validation=None, seed=0) for k in (0, 3)
    ... )
    >>> [len(fit.score(x)) for fit in side_by_side(fits, jobs=2)]
    [8, 8]
    """
    make: Callable[[TrainingRows], Windows] | None = getattr(learner, "windows", None)
    return _EachAlone(learner, table) if make is None else make(table)


def side_by_side(tasks: Iterable[Callable[[], T]], jobs: int) -> Iterator[T]:
    """Do tasks in as many threads; yield what each gave, in their order.

    A task is taken only when a thread is free for it, so that few wait with their rows. Two fits
    side by side, on a thread each, take less time than one after the other on two threads: trees
    wait for all their threads at every split, very long where the machine has other work.

    Raises
    ------
    UsageError
        Fewer than one thread.
    """
    if jobs < 1:
        raise UsageError(f"jobs: expected at least one worker, got {jobs}")
    if jobs == 1:
        for task in tasks:
            yield task()
        return
    under_way: deque[Future[T]] = deque()
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        for task in tasks:
            if len(under_way) == jobs:
                yield under_way.popleft().result()
            under_way.append(pool.submit(task))
        while under_way:
            yield under_way.popleft().result()
