"""Epochs: stretches of market time at whose boundaries lines move and packages swap."""

import numpy as np

from edgekeeper.types import Int64Array

__all__ = ["cut_epochs", "same_epoch"]

_DAY_NS = 86_400 * 10**9


def cut_epochs(instants: Int64Array, kind: str) -> Int64Array:
    """Return the first instant's index of each epoch, and the number of instants at the end.

    ``"bar"`` gives one epoch an instant. ``"session"`` gives one a UTC day; where a session runs
    over midnight it is cut there, which changes nothing but when boundaries fall.

    Examples
    --------
    >>> import numpy as np
    >>> hour = 3600 * 10**9
    >>> cut_epochs(np.array([1, 2, 25, 26, 49]) * hour, "session").tolist()
    [0, 2, 4, 5]
    """
    if kind == "bar":
        return np.arange(len(instants) + 1)
    days = instants // _DAY_NS
    first = np.flatnonzero(np.diff(days, prepend=days[0] - 1))
    return np.append(first, len(instants))


def same_epoch(first_ns: int, second_ns: int, kind: str) -> bool:
    """Whether two instants belong to one epoch.

    Examples
    --------
    >>> hour = 3600 * 10**9
    >>> same_epoch(22 * hour, 23 * hour, "session"), same_epoch(23 * hour, 24 * hour, "session")
    (True, False)
    """
    if kind == "bar":
        return first_ns == second_ns
    return first_ns // _DAY_NS == second_ns // _DAY_NS
