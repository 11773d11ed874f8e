"""When a bracketed position ends inside a bar, and at which price.

Rules, in this order, the same for labels, back-test and paper:

1. The bar opens beyond the stop: out at the open (gap-through, worse than the stop).
2. The bar opens beyond the target: out at the open (a resting limit order fills there).
3. The low (high, if short) touches the stop: out at the stop, even if the target was touched too,
   because a bar does not say which came first.
4. The target is touched: out at the target.
5. The last bar allowed: out at the close.
"""

from numba import njit

__all__ = ["EXIT_NONE", "EXIT_REASONS", "EXIT_STOP", "EXIT_TARGET", "EXIT_TIME", "bracket_exit"]

EXIT_NONE, EXIT_TARGET, EXIT_STOP, EXIT_TIME = 0, 1, 2, 3
EXIT_REASONS = ("open", "target", "stop", "time")


@njit(cache=True, inline="always")
def bracket_exit(
    direction: float,
    stop: float,
    target: float,
    open_: float,
    high: float,
    low: float,
    close: float,
    last_bar: bool,
) -> tuple[int, float]:
    """Return (reason, price before costs) of a position's exit in this bar.

    Parameters
    ----------
    direction : float
        +1.0 for long, -1.0 for short.
    stop, target : float
        Prices; NaN means "none".
    last_bar : bool
        Whether the time barrier falls on this bar's close.

    Returns
    -------
    tuple[int, float]
        ``(EXIT_NONE, nan)`` while the position stays open.
    """
    if direction > 0.0:
        if open_ <= stop:
            return EXIT_STOP, open_
        if open_ >= target:
            return EXIT_TARGET, open_
        if low <= stop:
            return EXIT_STOP, stop
        if high >= target:
            return EXIT_TARGET, target
    else:
        if open_ >= stop:
            return EXIT_STOP, open_
        if open_ <= target:
            return EXIT_TARGET, open_
        if high >= stop:
            return EXIT_STOP, stop
        if low <= target:
            return EXIT_TARGET, target
    if last_bar:
        return EXIT_TIME, close
    return EXIT_NONE, float("nan")
