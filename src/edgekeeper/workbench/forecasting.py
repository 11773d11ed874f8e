"""A package's forecasts over all bars given, seen ones included."""

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.registry import Package
from edgekeeper.trade import rule_signals
from edgekeeper.train import barrier_of, join_signals
from edgekeeper.types import Float64Array, Forecasts

__all__ = ["day_of", "forecast_all", "with_signals"]


def with_signals(bars: Bars, config: Config) -> Bars:
    """Bars with what was known of the rules' signals at each."""
    volatility = evaluate(config.labels.volatility, bars)
    side = rule_signals(config.rules, bars)
    return join_signals(bars, side, barrier_of(config).label(bars, volatility))


def forecast_all(package: Package, bars: Bars, config: Config) -> tuple[Float64Array, Forecasts]:
    """Return (volatility [N], forecasts [N])."""
    features = FeatureSet(package.features)
    asks = any(name.startswith("signal.") for name in features.columns)
    matrix = features.matrix(with_signals(bars, config) if asks else bars)
    volatility = evaluate(package.manifest.volatility, bars)
    return volatility, package.forecast(matrix, volatility, bars.event_time)


def day_of(time_ns: int) -> str:
    """Date of an instant, UTC."""
    return str(np.datetime64(time_ns, "ns").astype("datetime64[D]"))
