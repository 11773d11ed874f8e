"""Random bars to draw and to measure with: a walk, and whatever context is asked for."""

from collections.abc import Iterable

import numpy as np

from edgekeeper.bars import Bars

__all__ = ["example_bars"]

_SEED = 20_240_229
_START = np.datetime64("2020-01-02T21:00", "ns").astype(np.int64)


def example_bars(columns: Iterable[str] = (), symbols: int = 3, instants: int = 700) -> Bars:
    """Daily bars of a random walk, always the same, with context columns of these names.

    Examples
    --------
    >>> bars = example_bars(["VIX.close"], symbols=1, instants=10)
    >>> len(bars), list(bars.context)
    (10, ['VIX.close'])
    """
    rng = np.random.default_rng(_SEED)
    shape = (instants, symbols)
    close = 50 * np.exp((rng.standard_normal(shape) * 0.015).cumsum(axis=0))
    open_ = close * np.exp(rng.standard_normal(shape) * 0.004)
    spread = np.abs(rng.standard_normal((2, *shape))) * 0.006
    walk = {
        name: 20 * np.exp((rng.standard_normal(shape) * 0.02).cumsum(axis=0)).ravel()
        for name in columns
        if "." in name
    }
    return Bars.from_arrays(
        symbol=np.tile([f"S{k:03d}" for k in range(symbols)], instants),
        event_time=_START + np.repeat(np.arange(instants), symbols) * 86_400 * 10**9,
        open=open_.ravel(),
        high=(np.maximum(open_, close) * np.exp(spread[0])).ravel(),
        low=(np.minimum(open_, close) * np.exp(-spread[1])).ravel(),
        close=close.ravel(),
        volume=np.round(1e6 * np.exp(rng.standard_normal(shape) * 0.4)).ravel(),
        context=walk,
    )
