from collections.abc import Callable

import numpy as np
import pytest

from edgekeeper.bars import Bars


def make_bars(
    symbols: int = 3,
    instants: int = 700,
    *,
    seed: int = 0,
    gaps: float = 0.0,
    minutes: int = 1_440,
    context: bool = True,
) -> Bars:
    """Random walks with context columns; ``gaps`` is the share of bars left out."""
    rng = np.random.default_rng(seed)
    shape = (instants, symbols)
    close = 50 * np.exp((rng.standard_normal(shape) * 0.02).cumsum(axis=0))
    open_ = close * np.exp(rng.standard_normal(shape) * 0.005)
    high = np.maximum(open_, close) * np.exp(np.abs(rng.standard_normal(shape)) * 0.008)
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.standard_normal(shape)) * 0.008)
    volume = np.round(1e6 * np.exp(rng.standard_normal(shape) * 0.5))
    spy = np.repeat(400 * np.exp((rng.standard_normal(instants) * 0.01).cumsum()), symbols)
    vix = np.repeat(15 * np.exp(rng.standard_normal(instants) * 0.2), symbols)
    keep = rng.random(symbols * instants) >= gaps
    start = np.datetime64("2015-01-02T21:00", "ns").astype(np.int64)
    times = start + np.repeat(np.arange(instants), symbols) * minutes * 60 * 10**9
    names = np.tile([f"S{k}" for k in range(symbols)], instants)
    return Bars.from_arrays(
        symbol=names[keep],
        event_time=times[keep],
        open=open_.ravel()[keep],
        high=high.ravel()[keep],
        low=low.ravel()[keep],
        close=close.ravel()[keep],
        volume=volume.ravel()[keep],
        context={"SPY.close": spy[keep], "VIX.close": vix[keep]} if context else None,
    )


@pytest.fixture(scope="session")
def bars_of() -> Callable[..., Bars]:
    return make_bars


@pytest.fixture(scope="session")
def bars() -> Bars:
    return make_bars(gaps=0.05)
