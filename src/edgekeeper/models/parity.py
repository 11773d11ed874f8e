"""The parity gate: a package forecasts what the trained model forecasts, or it is not made."""

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from edgekeeper.errors import BadData, Refused
from edgekeeper.models.model import Model
from edgekeeper.types import Device, Float32Array, Float64Array, Forecasts, Int64Array

__all__ = [
    "CUDA_BOUND",
    "EXACT",
    "INT8",
    "INT8_BOUND",
    "MOST_ROWS",
    "TOLERANCE",
    "Parity",
    "check_device",
    "check_parity",
]

MOST_ROWS = 10_000
TOLERANCE = 1e-6
EXACT, INT8 = "exact", "int8"
INT8_BOUND = 0.01
"""How far a chance (of success, of the stop) may move when weights are rounded to 8 bits."""
CUDA_BOUND = 1e-5
"""How far log-odds may be from the processor's: single precision, twenty steps of a recurrence."""
_CHANCES: tuple[str, ...] = ("probability", "risk")
_BLANKED_EVERY = 3
_BLANKED_SHARE = 0.2
_SHAPE_ROWS = 40


class Packaged(Protocol):
    """What of a package the gate needs."""

    def score(self, features: Float32Array) -> Float64Array:
        """Log-odds ``[n]``."""
        ...

    def forecast(
        self,
        features: Float32Array,
        volatility: Float64Array,
        event_time: Int64Array | None = None,
    ) -> Forecasts:
        """Forecast both sides of ``n`` rows."""
        ...


@dataclass(frozen=True, slots=True)
class Parity:
    """What the gate replayed, and how far apart the two ever were.

    Attributes
    ----------
    rows, rows_with_nan : int
    largest_difference : float
    bound : float
        What the difference had to stay within.
    weights : str
        "exact": every forecast was compared; "int8": chances were.
    """

    rows: int
    rows_with_nan: int
    largest_difference: float
    bound: float = TOLERANCE
    weights: str = EXACT


def check_parity(
    model: Model,
    packaged: Packaged,
    features: Float32Array,
    volatility: Float64Array,
    *,
    weights: str = EXACT,
    event_time: Int64Array | None = None,
) -> Parity:
    """Replay rows through both; refuse where they differ.

    The newest ``MOST_ROWS`` rows are used (all, where there are fewer). In every third one a fifth
    of the cells is blanked, whatever was there; one row is blanked whole.

    Parameters
    ----------
    features : float32 [n, F]
    volatility : float64 [n]
    weights : {"exact", "int8"}
        With weights rounded to 8 bits, only the chances are compared, within ``INT8_BOUND``.
    event_time : int64 [n], optional
        Of each row's bar, for a model that compares symbols.

    Raises
    ------
    BadData
        No rows.
    Refused
        Score or any forecast off by more than ``TOLERANCE`` (chances by more than ``INT8_BOUND``),
        NaN in other places, or a score whose bits depend on how many rows go in together.
    """
    if len(features) == 0:
        raise BadData("expected rows to replay through the package, got none")
    rows = features[-MOST_ROWS:].astype(np.float32, copy=True)
    held = np.asarray(volatility[-MOST_ROWS:], dtype=np.float64)
    random = np.random.default_rng(model.seed)
    some = rows[::_BLANKED_EVERY]
    some[random.random(some.shape) < _BLANKED_SHARE] = np.nan
    some[0] = np.nan

    names, bound = _CHANCES, INT8_BOUND
    largest = 0.0
    if weights == EXACT:
        names, bound = tuple(field.name for field in fields(Forecasts)), TOLERANCE
        largest = _difference("score", model.fitted.score(rows), packaged.score(rows), bound)
    time = None if event_time is None else event_time[-MOST_ROWS:]
    ours, theirs = model.forecast(rows, held, time), packaged.forecast(rows, held, time)
    for name in names:
        pair = (getattr(ours, name), getattr(theirs, name))
        largest = max(largest, _difference(name, *pair, bound))
    _check_shapes(packaged, rows[:_SHAPE_ROWS])
    with_gaps = int(np.isnan(rows).any(axis=1).sum())
    return Parity(len(rows), with_gaps, largest, bound, weights)


def check_device(processor: Float64Array, there: Float64Array, device: Device) -> None:
    """Refuse to serve on another device where its log-odds of the same rows are others.

    Raises
    ------
    Refused
        Further than ``CUDA_BOUND`` apart, or not finite.
    """
    gap = float(np.abs(processor - there).max())
    if not gap <= CUDA_BOUND:
        raise Refused(
            f"package: expected scores on {device} within {CUDA_BOUND:g} of the processor's, got a "
            f'difference of {gap:.3g}: use device = "cpu"'
        )


def _difference(name: str, trained: Float64Array, packaged: Float64Array, bound: float) -> float:
    """Largest absolute difference; refuses one above the bound."""
    if trained.shape != packaged.shape:
        raise Refused(f"package: expected {name} of shape {trained.shape}, got {packaged.shape}")
    same = (trained == packaged) | (np.isnan(trained) & np.isnan(packaged))
    with np.errstate(invalid="ignore"):
        gap = np.where(same, 0.0, np.abs(trained - packaged))
    gap = np.where(np.isnan(gap), np.inf, gap)
    if gap.max(initial=0.0) > bound:
        row = int(np.unravel_index(np.argmax(gap), gap.shape)[0])
        raise Refused(
            f"package: expected the trained model's {name} within {bound:g}, got a difference "
            f"of {gap.max():.3g} in row {row}: what was packaged is not what was trained"
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
