"""A history that a back-test can walk over: a noise market and forecasts that know a little."""

import numpy as np
import pytest

from edgekeeper.config import parse_config
from edgekeeper.features import evaluate
from edgekeeper.simulator import MarketFeed
from edgekeeper.types import Forecasts
from edgekeeper.workbench.stretch import History
from edgekeeper.worlds import make_world


def history_of(bars, config, seed=0, skill=0.04):
    """Forecasts that lean towards what comes next by ``skill``, never beyond the bar after it."""
    volatility = evaluate(config.labels.volatility, bars)
    rng = np.random.default_rng(seed)
    tomorrow = np.full(len(bars), np.nan)
    close = bars.adjusted("close")
    for symbol in range(len(bars.symbols)):
        rows = np.flatnonzero(bars.symbol == symbol)
        tomorrow[rows[:-1]] = np.sign(np.diff(close[rows]))
    lean = 0.58 + skill * np.nan_to_num(tomorrow) + 0.08 * rng.standard_normal(len(bars))
    both = np.clip(np.column_stack([lean, 1.08 - lean]), 0.0, 1.0)
    both[~(volatility > 0.0)] = np.nan
    forecasts = Forecasts(
        probability=both,
        expected_return=0.02 * (both - 0.5),
        lower=both - 1.0,
        upper=both,
        risk=1.0 - both,
        bars_held=np.full(both.shape, 5.0),
        novelty=np.where(volatility > 0.0, 0.0, np.nan),
    )
    feed = MarketFeed(bars, volatility, np.zeros(len(bars), np.int8), max_age_ns=10**9)
    return History(bars, feed, forecasts, config)


@pytest.fixture(scope="session")
def bars():
    return make_world("noise", seed=12, symbols=3, bars=500).bars


@pytest.fixture(scope="session")
def config():
    return parse_config({"guards": {"account_drawdown": 1.0, "daily_loss": 1.0}})


@pytest.fixture(scope="session")
def history(bars, config):
    return history_of(bars, config)
