"""Profiles of gates: which floors hold, and how often each let pure noise through."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from edgekeeper.config import GatesConfig
from edgekeeper.errors import BadData

__all__ = ["FLOORS", "MeasuredRate", "floors_of", "measured_rate"]

_ASKED = {
    "min_f1": 0.65,
    "min_accuracy": 0.70,
    "min_precision": 0.60,
    "min_recall": 0.50,
    "min_auc": 0.65,
    "min_win_rate_gain": 0.10,
    "min_profit_factor_gain": 0.20,
    "min_sharpe_gain": 0.30,
    "min_drawdown_cut": 0.20,
    "max_champion_loss": 0.10,
}
FLOORS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "evidence": {"min_deflated_sharpe": 0.95},
        "asked": _ASKED,
        "asked-start": {"min_accuracy": 0.55},
    }
)
_OVERRIDES = (*_ASKED, "min_deflated_sharpe")
_NOTHING = {
    "min_win_rate_gain": -1.0,
    "min_profit_factor_gain": -1.0,
    "min_sharpe_gain": -1.0,
    "max_champion_loss": -1.0,
}
_RATES = "measured_rates.json"


def floors_of(gates: GatesConfig) -> dict[str, float]:
    """Return the floors that hold: the profile's, and over them what the configuration sets.

    A floor set to 0, or to -1 for a gain, asks for nothing: it is left out.

    Examples
    --------
    >>> floors_of(GatesConfig(profile="asked-start", min_auc=0.6))
    {'min_accuracy': 0.55, 'min_auc': 0.6}
    """
    floors = dict(FLOORS[gates.profile])
    for name in _OVERRIDES:
        value = getattr(gates, name)
        if value is not None and value > _NOTHING.get(name, 0.0):
            floors[name] = value
        elif value is not None:
            floors.pop(name, None)
    return floors


@dataclass(frozen=True, slots=True)
class MeasuredRate:
    """How many markets without any edge a profile let promote something.

    ``markets`` is 0 where nobody has measured it: a rate is measured on worlds or it is not known.
    """

    profile: str
    markets: int = 0
    promoted: int = 0
    source: str = ""

    @property
    def rate(self) -> float:
        """Share of the markets; NaN where not measured."""
        return self.promoted / self.markets if self.markets else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the rate, by Wilson (1927)."""
        if not self.markets:
            return math.nan, math.nan
        z, n, p = 1.959963984540054, self.markets, self.rate
        middle, scale = p + z * z / (2 * n), 1.0 + z * z / n
        half = z * math.sqrt(p * (1.0 - p) / n + z * z / (4 * n * n))
        return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)

    @property
    def sentence(self) -> str:
        """As a profile prints it."""
        if not self.markets:
            return f'false promotions under the profile "{self.profile}": not measured yet'
        low, high = self.interval
        return (
            f'false promotions under the profile "{self.profile}": {self.promoted} of '
            f"{self.markets} markets without an edge (95% interval {low:.1%} to {high:.1%})"
        )


def measured_rate(profile: str, record: Mapping[str, Any] | None = None) -> MeasuredRate:
    """Return what worlds have measured of a profile.

    Parameters
    ----------
    record : mapping, optional
        In place of the file that comes along, which holds for floors as the profile has them.

    Raises
    ------
    BadData
        Counts that cannot be.

    Examples
    --------
    >>> measured_rate("asked", {}).sentence
    'false promotions under the profile "asked": not measured yet'
    """
    if record is None:
        text = files("edgekeeper.validate").joinpath(_RATES).read_text("utf-8")
        record = json.loads(text)
    entry = record.get(profile)
    if entry is None:
        return MeasuredRate(profile)
    markets, promoted = int(entry["markets"]), int(entry["promoted"])
    if not 0 <= promoted <= markets:
        raise BadData(
            f"{_RATES}: {profile}: expected promoted from 0 to markets, got {promoted} of {markets}"
        )
    return MeasuredRate(profile, markets, promoted, str(entry.get("source", "")))
