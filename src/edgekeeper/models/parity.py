"""The parity gate: a package forecasts what the trained model forecasts, or it is not made."""

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from edgekeeper.errors import BadData, Refused
from edgekeeper.models.model import Model
from edgekeeper.types import Float32Array, Float64Array, Forecasts

__all__ = ["MOST_ROWS", "TOLERANCE", "Parity", "check_parity"]

MOST_ROWS = 10_000
TOLERANCE = 1e-6
_BLANKED_EVERY = 3
_BLANKED_SHARE = 0.2
_SHAPE_ROWS = 40


class Packaged(Protocol):
    """What of a package the gate needs."""

    def score(self, features: Float32Array) -> Float64Array:
        """Log-odds ``[n]``."""
        ...

    def forecast(self, features: Float32Array, volatility: Float64Array) -> Forecasts:
        """Forecast both sides of ``n`` rows."""
        ...


@dataclass(frozen=True, slots=True)
class Parity:
    """What the gate replayed, and how far apart the two ever were."""

    rows: int
    rows_with_nan: int
    largest_difference: float


def check_parity(
    model: Model, packaged: Packaged, features: Float32Array, volatility: Float64Array
) -> Parity:
    """Replay rows through both; refuse where they differ.

    The newest ``MOST_ROWS`` rows are used (all, where there are fewer). In every third one a fifth
    of the cells is blanked, whatever was there; one row is blanked whole.

    Parameters
    ----------
    features : float32 [n, F]
    volatility : float64 [n]

    Raises
    ------
    BadData
        No rows.
    Refused
        Score or any forecast off by more than ``TOLERANCE``, NaN in other places, or a score
        whose bits depend on how many rows go in together.
    """
    if len(features) == 0:
        raise BadData("expected rows to replay through the package, got none")
    rows = features[-MOST_ROWS:].astype(np.float32, copy=True)
    held = np.asarray(volatility[-MOST_ROWS:], dtype=np.float64)
    random = np.random.default_rng(model.seed)
    some = rows[::_BLANKED_EVERY]
    some[random.random(some.shape) < _BLANKED_SHARE] = np.nan
    some[0] = np.nan

    largest = _difference("score", model.fitted.score(rows), packaged.score(rows))
    ours, theirs = model.forecast(rows, held), packaged.forecast(rows, held)
    for field in fields(Forecasts):
        pair = (getattr(ours, field.name), getattr(theirs, field.name))
        largest = max(largest, _difference(field.name, *pair))
    _check_shapes(packaged, rows[:_SHAPE_ROWS])
    return Parity(len(rows), int(np.isnan(rows).any(axis=1).sum()), largest)


def _difference(name: str, trained: Float64Array, packaged: Float64Array) -> float:
    """Largest absolute difference; refuses one above the tolerance."""
    if trained.shape != packaged.shape:
        raise Refused(f"package: expected {name} of shape {trained.shape}, got {packaged.shape}")
    same = (trained == packaged) | (np.isnan(trained) & np.isnan(packaged))
    with np.errstate(invalid="ignore"):
        gap = np.where(same, 0.0, np.abs(trained - packaged))
    gap = np.where(np.isnan(gap), np.inf, gap)
    if gap.max(initial=0.0) > TOLERANCE:
        row = int(np.unravel_index(np.argmax(gap), gap.shape)[0])
        raise Refused(
            f"package: expected the trained model's {name} within {TOLERANCE:g}, got a difference "
            f"of {gap.max():.3g} in row {row}: the conversion of this learner is wrong"
        )
    return float(gap.max(initial=0.0))


def _check_shapes(packaged: Packaged, rows: Float32Array) -> None:
    """Refuse scores that change with the number of rows scored together."""
    together = packaged.score(rows)
    for size in (1, 7):
        parts = [packaged.score(rows[i : i + size]) for i in range(0, len(rows), size)]
        if not np.array_equal(np.concatenate(parts), together, equal_nan=True):
            raise Refused(
                f"package: expected the same bits for {size} and {len(rows)} rows at once, got "
                "others: research and live would disagree"
            )
