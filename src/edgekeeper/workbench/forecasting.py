"""A package's forecasts over all bars given, seen ones included."""

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.registry import Package
from edgekeeper.types import Float64Array, Forecasts

__all__ = ["day_of", "forecast_all"]


def forecast_all(package: Package, bars: Bars) -> tuple[Float64Array, Forecasts]:
    """Return (volatility [N], forecasts [N])."""
    matrix = FeatureSet(package.features).matrix(bars)
    volatility = evaluate(package.manifest.volatility, bars)
    return volatility, package.forecast(matrix, volatility)


def day_of(time_ns: int) -> str:
    """Date of an instant, UTC."""
    return str(np.datetime64(time_ns, "ns").astype("datetime64[D]"))
