"""Does the best of several strategies beat a benchmark, given that it was picked? White, Hansen."""

from dataclasses import dataclass

import numpy as np

from edgekeeper.errors import BadData, UsageError
from edgekeeper.types import Float64Array

__all__ = ["RealityCheck", "reality_check"]


@dataclass(frozen=True, slots=True)
class RealityCheck:
    """P-values of "no strategy beats the benchmark".

    Attributes
    ----------
    white : float
        White's reality check: every strategy is taken to be as good as the benchmark. Poor
        strategies in the set blunt it.
    hansen : float
        Hansen's test of superior predictive ability, consistent version: the one to read.
    hansen_lower, hansen_upper : float
        Its liberal and conservative bounds.
    """

    white: float
    hansen: float
    hansen_lower: float
    hansen_upper: float


def reality_check(
    excess: Float64Array, *, block: int | None = None, repetitions: int = 1_000, seed: int = 0
) -> RealityCheck:
    """Test returns over the benchmark by the stationary bootstrap.

    Parameters
    ----------
    excess : float64 [periods, strategies]
        Each strategy's return less the benchmark's, all that were tried.
    block : int, optional
        Mean length of a block in periods; the square root of the periods without it.
    repetitions, seed : int
        Of the bootstrap.

    Raises
    ------
    BadData
        Missing values, fewer than 20 periods, or a strategy that never differs from the benchmark.
    UsageError
        A block or number of repetitions out of range.

    Source: White (2000), "A reality check for data snooping"; Hansen (2005), "A test for superior
    predictive ability"; computed by the library ``arch``.

    Examples
    --------
    >>> excess = np.random.default_rng(0).standard_normal((200, 3)) + [0.5, 0.0, 0.0]
    >>> reality_check(excess, repetitions=200).hansen
    0.0
    """
    from arch.bootstrap import SPA

    excess = np.asarray(excess, dtype=np.float64)
    if excess.ndim != 2 or excess.shape[1] < 1 or len(excess) < 20:
        raise BadData(
            f"expected at least 20 periods of at least one strategy, got shape {excess.shape}"
        )
    if not np.isfinite(excess).all():
        raise BadData(
            f"expected a finite return everywhere, got {int((~np.isfinite(excess)).sum())} missing"
        )
    if (excess.std(axis=0) <= 1e-15).any():
        column = int(np.argmax(excess.std(axis=0) <= 1e-15))
        raise BadData(
            f"strategy {column} differs from the benchmark by a constant: there is nothing to "
            "test; leave it out"
        )
    block = round(len(excess) ** 0.5) if block is None else block
    if not 1 <= block <= len(excess) or not 100 <= repetitions <= 100_000:
        raise UsageError(
            f"expected a block of 1 to {len(excess)} periods and 100 to 100000 repetitions, got "
            f"{block!r} and {repetitions!r}"
        )

    def pvalues(studentize: bool) -> tuple[float, float, float]:
        # The library compares losses.
        test = SPA(
            np.zeros(len(excess)), -excess, block_size=block, reps=repetitions,
            bootstrap="stationary", studentize=studentize, seed=seed,
        )  # fmt: skip
        test.compute()
        found = test.pvalues
        return float(found["lower"]), float(found["consistent"]), float(found["upper"])

    lower, consistent, upper = pvalues(studentize=True)
    white = pvalues(studentize=False)[2]
    return RealityCheck(white, consistent, lower, upper)
