"""Array aliases, frozen records and Protocols through which the rooms meet.

Conventions used everywhere:

- ``N`` rows (one bar of one symbol each) in *canonical order*: by event time, then symbol.
- ``S`` symbols, ``F`` features, ``T`` instants (distinct event times).
- The two sides of a bar are columns of an ``[N, 2]`` array: column ``LONG`` and column ``SHORT``.
- Times are int64 nanoseconds since 1970-01-01 UTC. ``event_time`` is the instant a bar closes;
  ``known_time`` the instant a fact could first be read by us, never before ``event_time``.
- A missing number is NaN, never zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LONG",
    "SHORT",
    "SIDES",
    "BoolArray",
    "Device",
    "Fitted",
    "Float32Array",
    "Float64Array",
    "Forecasts",
    "Int8Array",
    "Int32Array",
    "Int64Array",
    "Learner",
    "Side",
    "Signal",
    "Splitter",
    "Standing",
    "TrainingRows",
]

Float64Array = NDArray[np.float64]
Float32Array = NDArray[np.float32]
Int64Array = NDArray[np.int64]
Int32Array = NDArray[np.int32]
Int8Array = NDArray[np.int8]
BoolArray = NDArray[np.bool_]

Device = Literal["cpu", "cuda"]
"""Where something is calculated: on the processor, or on a graphics card."""

Side = Literal["long", "short"]
LONG, SHORT = 0, 1
SIDES: tuple[Side, Side] = ("long", "short")


class Standing(StrEnum):
    """What an account may do: everything, leave only, or nothing. Latched until a person resumes.

    Attributes
    ----------
    ACTIVE
        Positions are opened and closed.
    REDUCING
        Halted with positions left: they are closed by their brackets, or all at once at the next
        open; none is opened.
    HALTED
        Halted, and flat.
    """

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


@dataclass(frozen=True, slots=True)
class Signal:
    """A proposed trade."""

    id: str
    symbol: str
    side: Side
    event_time: int
    known_time: int
    source: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Forecasts:
    """What a model says about both sides of ``n`` bars. A NaN row means: the model abstains.

    Attributes
    ----------
    probability : float64 [n, 2]
        Chance that a trade of that side ends with a profit, net of costs.
    expected_return : float64 [n, 2]
        Mean net return of the trade, as a fraction of the entry price.
    lower, upper : float64 [n, 2]
        Prediction interval of the net return (90 % unless the package says otherwise).
    risk : float64 [n, 2]
        Chance that the trade ends at its stop.
    bars_held : float64 [n, 2]
        Expected number of bars until the exit.
    novelty : float64 [n]
        Share of features outside the range seen in training; 0 = familiar, 1 = all unfamiliar.
    """

    probability: Float64Array
    expected_return: Float64Array
    lower: Float64Array
    upper: Float64Array
    risk: Float64Array
    bars_held: Float64Array
    novelty: Float64Array

    def __len__(self) -> int:
        return int(self.probability.shape[0])

    @classmethod
    def empty(cls, n: int) -> "Forecasts":
        """All abstaining: ``n`` rows of NaN."""
        sides = np.full((6, n, 2), np.nan)
        return cls(
            probability=sides[0],
            expected_return=sides[1],
            lower=sides[2],
            upper=sides[3],
            risk=sides[4],
            bars_held=sides[5],
            novelty=np.full(n, np.nan),
        )


class Fitted(Protocol):
    """A learner after fitting: turns features into one direction score a row."""

    def score(self, features: Float32Array) -> Float64Array:
        """Log-odds that the long side does better than the short side, ``[n]``."""
        ...

    def to_onnx(self, n_features: int) -> bytes:
        """Serialise as an ONNX graph: float32 ``features [n, F]`` to ``score [n, 1]``."""
        ...


class Splitter(Protocol):
    """scikit-learn's splitter protocol, for labels that take time to become known."""

    def split(self, start: Int64Array, end: Int64Array) -> Iterator[tuple[Int64Array, Int64Array]]:
        """Yield (train rows, test rows) for label intervals ``[start, end]``."""
        ...

    def get_n_splits(self) -> int:
        """How many pairs ``split`` yields."""
        ...


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """What a learner may fit on: one row a bar, oldest first.

    Most learners read the first three fields. The others serve those that cut their rows by time
    (stacking), learn more than the direction (multi-task), or pick a column by its name.

    Attributes
    ----------
    features : float32 [n, F]
    target : float64 [n]
        1 where the long side did better, 0 where the short side did, .5 for a tie.
    weight : float64 [n]
    start_time, end_time : int64 [n]
        From the decision until both sides' outcomes were known.
    magnitude : float64 [n]
        Net return of the better side, in units of the volatility predicted over the horizon.
    timing : float64 [n]
        Bars until the better side's exit, as a share of the horizon.
    names : tuple of str
        Of the features, in column order; empty where they have none.
    folds : Splitter, optional
        Cuts rows by time, purged, for learners that need forecasts of their own training rows.
    device : {"cpu", "cuda"}
        Where a learner that can calculates on them; rows made of these say the same.
    """

    features: Float32Array
    target: Float64Array
    weight: Float64Array
    start_time: Int64Array
    end_time: Int64Array
    magnitude: Float64Array
    timing: Float64Array
    names: tuple[str, ...] = ()
    folds: "Splitter | None" = None
    device: Device = "cpu"

    @classmethod
    def of(
        cls, features: Float32Array, target: Float64Array, weight: Float64Array
    ) -> "TrainingRows":
        """Rows of consecutive instants of which only the direction is known."""
        instants = np.arange(len(features), dtype=np.int64)
        unknown = np.full(len(features), np.nan)
        return cls(features, target, weight, instants, instants, unknown, unknown)

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: "Int64Array | BoolArray") -> "TrainingRows":
        """Return some of the rows, by index or mask."""
        return TrainingRows(
            self.features[rows],
            self.target[rows],
            self.weight[rows],
            self.start_time[rows],
            self.end_time[rows],
            self.magnitude[rows],
            self.timing[rows],
            self.names,
            self.folds,
            self.device,
        )


class Learner(Protocol):
    """A recipe for fitting; configuration only, no state.

    One whose ``stops_early`` is False does not look at validation rows, and gets none to spare.
    """

    @property
    def name(self) -> str:
        """Short name, as packages give it."""
        ...

    def fit(self, rows: TrainingRows, *, validation: TrainingRows | None, seed: int) -> Fitted:
        """Fit; ``validation`` is later in time."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Every number that shapes the fit, as plain JSON values."""
        ...
