"""What every corrector is given, and what it promises."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edgekeeper.types import BoolArray, Float32Array, Float64Array, Forecasts, Int64Array

__all__ = ["Corrector", "Outcome", "View"]


@dataclass(frozen=True, slots=True)
class View:
    """What a package saw of ``n`` bars, and what it said.

    Attributes
    ----------
    forecasts : Forecasts [n]
        As packaged, before any correction.
    score : float64 [n]
        The package's score on the scale of its heads: standard deviations, held within four. It is
        told beside the forecasts because heads that found nothing say the same of every score.
    unit : float64 [n]
        Predicted deviation of the return over the horizon.
    features : float32 [n, F]
    """

    forecasts: Forecasts
    score: Float64Array
    unit: Float64Array
    features: Float32Array

    def __len__(self) -> int:
        return len(self.score)

    def take(self, rows: BoolArray) -> "View":
        """Return some of the rows."""
        fields = {
            name: getattr(self.forecasts, name)[rows] for name in Forecasts.__dataclass_fields__
        }
        return View(Forecasts(**fields), self.score[rows], self.unit[rows], self.features[rows])

    @property
    def usable(self) -> BoolArray:
        """Rows on which the package did not abstain."""
        with np.errstate(invalid="ignore"):
            known = np.isfinite(self.score) & (self.unit > 0.0) & np.isfinite(self.unit)
        return known & np.isfinite(self.forecasts.probability).all(axis=1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the trades of both sides of ``n`` bars ended, in the order in which it became known.

    Attributes
    ----------
    instant : int64 [n]
        Bar of the decision; rows of one instant share the market's move.
    net_return : float64 [n, 2]
        After costs, as a fraction of the entry price.
    weight : float64 [n]
        Independent observations each row is worth: labels overlap.
    """

    instant: Int64Array
    net_return: Float64Array
    weight: Float64Array

    def __len__(self) -> int:
        return len(self.instant)


class Corrector(Protocol):
    """Learns from outcomes how a package's forecasts have to be shifted.

    What it knows is a pure function of the rows it was given, in order, however they were cut.
    Before it has learned anything it returns the very forecasts it is given.
    """

    def learn(self, view: View, outcome: Outcome) -> None:
        """Take rows whose outcome became known; rows with something missing teach nothing."""
        ...

    def correct(self, view: View) -> Forecasts:
        """Return what the package should have said."""
        ...

    def follow(self, agreement: float) -> None:
        """Go on with another package; ``agreement`` is the correlation of its scores, -1 to 1."""
        ...

    def state(self) -> bytes:
        """Return everything it knows."""
        ...

    def restore(self, state: bytes) -> None:
        """Go on from what :meth:`state` returned.

        Raises
        ------
        BadData
            The state of something else, or cut short.
        """
        ...
