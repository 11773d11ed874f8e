"""How large a bet a forecast probability is worth: by certainty, or by Kelly with its error."""

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.types import Float64Array

__all__ = ["bet_size", "kelly_stake"]


def bet_size(probability: Float64Array, classes: int = 2) -> Float64Array:
    """Size from -1 to 1 of a bet on the likelier outcome, by how far it is from mere chance.

    ``2 Φ(z) - 1`` with ``z = (p - 1/K) / sqrt(p (1 - p))``. A missing probability has no size.

    Source: López de Prado, Advances in Financial Machine Learning (2018), 10.2.

    Examples
    --------
    >>> bet_size(np.array([0.5, 0.6, 0.75, 0.9])).round(5).tolist()
    [0.0, 0.16174, 0.4363, 0.81758]
    """
    from scipy.special import ndtr

    p = np.asarray(probability, dtype=np.float64)
    if ((p < 0.0) | (p > 1.0)).any():
        raise UsageError(f"expected probabilities from 0 to 1, got {p[(p < 0) | (p > 1)][:3]}")
    if classes < 2:
        raise UsageError(f"classes: expected at least two, got {classes!r}")
    with np.errstate(divide="ignore"):
        z = (p - 1.0 / classes) / np.sqrt(p * (1.0 - p))
    return np.asarray(2.0 * ndtr(z) - 1.0, dtype=np.float64)


def kelly_stake(
    probability: Float64Array,
    win: float,
    loss: float,
    *,
    error: float = 0.0,
    fraction: float = 1.0,
) -> Float64Array:
    """Fraction of wealth to stake on bets of uncertain probability, 0 where there is no edge.

    Kelly's stake on a bet that brings ``win`` with probability ``p`` and takes ``loss`` otherwise,
    both as fractions of the stake, is ``e / (win * loss)`` with the edge
    ``e = p * win - (1 - p) * loss``. A probability that was estimated overstates the best of many
    edges, so the stake is shrunk by ``e^2 / (e^2 + s^2)``, ``s`` the standard error of the edge:
    ``error * (win + loss)``.

    Parameters
    ----------
    probability : float64 [n]
        A missing one has no stake.
    win, loss : float
        Net of costs, positive.
    error : float
        Standard error of the probabilities.
    fraction : float
        Share of the stake that is taken, in (0, 1].

    Raises
    ------
    UsageError
        A probability outside 0 to 1, a bet that cannot win or lose, a negative error, a fraction
        outside (0, 1].

    Source: Kelly (1956), "A new interpretation of information rate"; shrinkage: Baker & McHale
    (2013), "Optimal betting under parameter uncertainty", to second order.

    Examples
    --------
    >>> kelly_stake(np.array([0.6, 0.5]), win=1.0, loss=1.0).round(12).tolist()
    [0.2, 0.0]
    >>> kelly_stake(np.array([0.6]), win=1.0, loss=1.0, error=0.1).round(12).tolist()
    [0.1]
    """
    p = np.asarray(probability, dtype=np.float64)
    if ((p < 0.0) | (p > 1.0)).any():
        raise UsageError(f"expected probabilities from 0 to 1, got {p[(p < 0) | (p > 1)][:3]}")
    if not (0.0 < win < np.inf and 0.0 < loss < np.inf):
        raise UsageError(f"expected a bet that can win and lose, got win {win!r}, loss {loss!r}")
    if not 0.0 <= error < np.inf:
        raise UsageError(f"error: expected a standard error of zero or more, got {error!r}")
    if not 0.0 < fraction <= 1.0:
        raise UsageError(f"fraction: expected a share above 0 and up to 1, got {fraction!r}")
    edge = np.maximum(p * win - (1.0 - p) * loss, 0.0)
    spread = (error * (win + loss)) ** 2
    with np.errstate(invalid="ignore"):
        sure = np.where(edge > 0.0, edge**2 / (edge**2 + spread), np.where(np.isnan(p), p, 0.0))
    return np.asarray(fraction * sure * edge / (win * loss), dtype=np.float64)
