"""How large a bet a forecast probability is worth."""

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.types import Float64Array

__all__ = ["bet_size"]


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
