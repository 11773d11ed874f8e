"""Fixed horizon: agrees with barriers set to infinity, holds where costs would eat the move."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.fills import Costs
from edgekeeper.labels import NEVER, FixedHorizon, TripleBarrier
from edgekeeper.types import LONG, SHORT


def walk(seed, symbols=3, length=60):
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (length, symbols)), axis=0))
    open_ = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0, 0.003, close.shape))
    return Bars.from_arrays(
        symbol=np.tile([f"S{s}" for s in range(symbols)], length),
        event_time=np.repeat(np.arange(length), symbols),
        open=open_.ravel(),
        high=np.maximum(open_, close).ravel(),
        low=np.minimum(open_, close).ravel(),
        close=close.ravel(),
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), horizon=st.integers(1, 70), bps=st.floats(0, 100))
def test_buys_and_sells_are_the_trades_that_pay_without_barriers(seed, horizon, bps):
    bars, costs = walk(seed), Costs(bps, 0, 0)
    labels = FixedHorizon(horizon, costs).label(bars)
    open_ended = TripleBarrier(horizon, np.inf, np.inf, costs)
    trades = open_ended.label(bars, np.full(len(bars), 0.01))
    np.testing.assert_allclose(labels.gross_return, trades.gross_return[:, LONG], atol=1e-14)
    np.testing.assert_array_equal(labels.known_time, trades.known_time[:, LONG])
    paying = (trades.net_return > 1e-12).astype(float)
    clear = (np.abs(trades.net_return) > 1e-12).all(axis=1)
    expected = paying[:, LONG] - paying[:, SHORT]
    np.testing.assert_array_equal(labels.action[clear], expected[clear])
    assert np.isnan(labels.action[labels.known_time == NEVER]).all()


def test_margin_widens_the_dead_zone():
    bars = walk(1)
    plain = FixedHorizon(1, Costs(0, 0, 0)).label(bars).action
    wide = FixedHorizon(1, Costs(0, 0, 0), margin=0.005).label(bars).action
    assert (plain == 0).sum() == 0
    assert 0.2 < np.nanmean(wide == 0) < 0.6
    held = wide != 0
    np.testing.assert_array_equal(plain[held], wide[held])


def test_known_means_the_last_bar_has_closed():
    labels = FixedHorizon(3).label(walk(2, symbols=1))
    assert labels.known(10).sum() == 8
    assert labels.known(NEVER).sum() == 57


@pytest.mark.parametrize("settings", [{"horizon": 0}, {"margin": -1}, {"margin": np.nan}])
def test_impossible_settings_are_refused(settings):
    with pytest.raises(UsageError, match="expected"):
        FixedHorizon(**settings)
