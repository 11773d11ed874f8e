"""Which seeds are used for what: written down beforehand, so that none is ever picked.

A seed that fails stays in its range and in the published figures.
"""

from typing import Literal

from edgekeeper.errors import UsageError

__all__ = ["seeds"]

_RANGES = {
    "development": range(1, 1_000),  # constants of worlds and learners may be tuned on these
    "test": range(1_000, 2_000),
    "benchmark": range(10_000, 20_000),
    "published": range(20_000, 30_000),  # large runs whose figures are quoted, each seed run once
}


def seeds(
    purpose: Literal["development", "test", "benchmark", "published"], count: int, spent: int = 0
) -> range:
    """Return the first ``count`` seeds set aside for a purpose, after those that are spent.

    Examples
    --------
    >>> seeds("benchmark", 3)
    range(10000, 10003)
    >>> seeds("benchmark", 3, spent=500)
    range(10500, 10503)
    """
    if purpose not in _RANGES:
        raise UsageError(f"purpose: expected one of {', '.join(_RANGES)}, got {purpose!r}")
    allowed = _RANGES[purpose]
    left = len(allowed) - spent
    if spent < 0 or not 1 <= count <= left:
        raise UsageError(f"count: expected 1 to {left} {purpose} seeds, got {count!r}")
    return allowed[spent : spent + count]
