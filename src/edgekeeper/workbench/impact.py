"""Market impact: what an order costs beyond the quote for being a large part of the volume.

The account pays the slippage of the configuration whatever its size; this is on top. It is
estimated after the fact from each fill's share of its bar's volume, so it moves no decision.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.types import Float64Array

__all__ = ["ImpactRule", "capacity"]

_POWERS = {"square-root": 0.5, "linear": 1.0}


@dataclass(frozen=True, slots=True)
class ImpactRule:
    """Impact of a fill as a fraction of its value: ``coefficient * volatility * share ** power``.

    ``share`` is the fill's part of the bar's volume, ``volatility`` that of a bar's return. With
    the square root the length of a bar cancels out: both grow with the root of time.

    Parameters
    ----------
    shape : {"square-root", "linear"}
    coefficient : float
        Around one, as measured on many markets.

    Source: Almgren, Thum, Hauptmann & Li (2005), "Direct estimation of equity market impact";
    Toth et al. (2011), "Anomalous price impact", equation 1; linear: Kyle (1985).

    Examples
    --------
    >>> ImpactRule().of(np.array([0.01, 0.04]), np.array([0.02, 0.02])).round(6).tolist()
    [0.002, 0.004]
    """

    shape: Literal["square-root", "linear"] = "square-root"
    coefficient: float = 1.0

    def __post_init__(self) -> None:
        if self.shape not in _POWERS:
            raise UsageError(f"impact: expected one of {', '.join(_POWERS)}, got {self.shape!r}")
        if not 0.0 <= self.coefficient < math.inf:
            raise UsageError(f"impact coefficient: expected zero or more, got {self.coefficient!r}")

    @property
    def power(self) -> float:
        """Of the share of the volume."""
        return _POWERS[self.shape]

    def of(self, share: Float64Array, volatility: Float64Array) -> Float64Array:
        """Impact as a fraction of value; NaN where share or volatility is."""
        return np.asarray(self.coefficient * volatility * share**self.power, dtype=np.float64)

    def __str__(self) -> str:
        of = "the root of its share" if self.shape == "square-root" else "its share"
        return (
            f"each fill moves the price against itself by {self.coefficient:g} × the volatility "
            f"of a bar × {of} of the bar's volume"
        )


def capacity(
    cash: float, gain: float, impact: float, largest_share: float, rule: ImpactRule
) -> tuple[float, str]:
    """Return (starting equity that the strategy can bear, what bounds it).

    With ``s`` times the money every fill is ``s`` times as large, so impact takes ``s ** power``
    times as much of equity, while what is gained before it stays the same share. All is gone at
    ``s = (gain / impact) ** (1 / power)``. Nor can a fill be more than the volume of its bar.

    Parameters
    ----------
    cash : float
        Equity the account started with.
    gain, impact : float
        Mean of a bar, as fractions of equity; ``gain`` is net of all costs but impact.
    largest_share : float
        Largest share of a bar's volume that a fill was.

    Examples
    --------
    >>> capacity(1e5, 0.004, 0.001, 0.01, ImpactRule())
    (1600000.0, 'impact')
    >>> capacity(1e5, 0.004, 0.001, 0.5, ImpactRule())
    (200000.0, 'volume')
    """
    if not gain > 0.0:
        return 0.0, "nothing was earned"
    if not (impact > 0.0 and largest_share > 0.0):
        return math.nan, "volume unknown, or no impact"
    by_impact = (gain / impact) ** (1.0 / rule.power)
    by_volume = 1.0 / largest_share
    if by_volume < by_impact:
        return cash * by_volume, "volume"
    return cash * by_impact, "impact"
