"""A few recorded scores by which any machine and any later version can tell: still the same bits?

The rows need no storing: they are the quantiles the manifest holds anyway, and one row of gaps.
"""

import math

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models.fields import Fields
from edgekeeper.models.reference import PROBABILITIES, Reference
from edgekeeper.types import Float32Array, Float64Array

__all__ = ["difference", "probe_rows", "read_probe"]

_ROWS = len(PROBABILITIES) + 1


def probe_rows(reference: Reference) -> Float32Array:
    """Return the rows that are scored: float32 ``[14, F]``."""
    gaps = np.full((1, len(reference)), math.nan, dtype=np.float32)
    return np.concatenate((reference.quantiles, gaps)).astype(np.float32)


def read_probe(record: Fields) -> Float64Array:
    """Read the recorded scores, float64 ``[14]``.

    Raises
    ------
    BadData
        Another number of them, or one missing.
    """
    scores = record.numbers("probe", _ROWS)
    if not np.isfinite(scores).all():
        raise BadData(f"manifest.probe: expected {_ROWS} scores, got a gap")
    return scores


def difference(recorded: Float64Array, scored: Float64Array) -> float:
    """Return the largest absolute difference; 0.0 means the same to the last bit."""
    if np.array_equal(recorded, scored):
        return 0.0
    return float(np.abs(recorded - scored).max())
