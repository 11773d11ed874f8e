"""Outcomes against peers: what moves all symbols drops out, and nothing is known too soon."""

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.fills import Costs
from edgekeeper.labels import NEVER, TripleBarrier, against_peers

SYMBOLS, BARS = 5, 300
RNG = np.random.default_rng(3)
SHARED = RNG.normal(0.0, 0.02, (BARS, 1))
OWN = RNG.normal(0.0, 0.005, (BARS, SYMBOLS))


def market(moves):
    close = 100 * np.exp(np.cumsum(moves, axis=0))
    open_ = np.vstack([np.full((1, SYMBOLS), 100.0), close[:-1]])
    return Bars.from_arrays(
        symbol=np.tile([f"S{s}" for s in range(SYMBOLS)], len(moves)),
        event_time=np.repeat(np.arange(len(moves)), SYMBOLS),
        open=open_.ravel(),
        high=np.maximum(open_, close).ravel(),
        low=np.minimum(open_, close).ravel(),
        close=close.ravel(),
    )


def labelled(bars, volatility=0.02, horizon=5):
    sizes = np.full(len(bars), volatility)
    return TripleBarrier(horizon=horizon, costs=Costs()).label(bars, sizes), sizes


def test_half_of_the_symbols_do_better_whatever_all_of_them_do():
    bars = market(SHARED + OWN)
    labels, volatility = labelled(bars)
    direction = against_peers(labels, bars, volatility).direction
    plain = labels.long_better.reshape(-1, SYMBOLS)[:-10].mean(axis=1)
    rows = direction.reshape(-1, SYMBOLS)[:-10]
    against, tied = rows.mean(axis=1), (rows == 0.5).all(axis=1)
    assert ((plain == 0.0) | (plain == 1.0)).mean() > 0.5, "they mostly rise and fall together"
    assert ((against > 0.0) & (against < 1.0)).all()
    gain = (labels.net_return[:, 0] - labels.net_return[:, 1]).reshape(-1, SYMBOLS)[:-10]
    np.testing.assert_array_equal(tied, np.ptp(gain, axis=1) < 1e-12)
    assert 0.0 < tied.mean() < 0.5


def test_the_direction_is_that_of_the_mean_compared():
    bars = market(SHARED + OWN)
    labels, volatility = labelled(bars)
    found, direction, distance = against_peers(labels, bars, volatility)
    gain = (labels.net_return[:, 0] - labels.net_return[:, 1]).reshape(-1, SYMBOLS)
    known = (found.end_time < NEVER).reshape(-1, SYMBOLS)
    assert known[:-8].all()
    assert not known[-1].any()
    rows = known.all(axis=1)
    better = gain[rows] - gain[rows].mean(axis=1, keepdims=True)
    expected = np.where(np.abs(better) < 1e-12, 0.5, better > 0.0)
    np.testing.assert_array_equal(direction.reshape(-1, SYMBOLS)[rows], expected)
    assert np.isnan(direction[~known.ravel()]).all()
    size = np.abs(better) / 2.0 / 0.02  # a unit of volatility, on each of the two sides
    np.testing.assert_allclose(distance.reshape(-1, SYMBOLS)[rows], size, atol=1e-12)
    assert np.isnan(distance[~known.ravel()]).all()


def test_it_is_known_with_the_last_of_the_peers_and_nothing_else_is_changed():
    bars = market(SHARED + OWN)
    labels, volatility = labelled(bars)
    found = against_peers(labels, bars, volatility).labels
    ends = labels.end_time.reshape(-1, SYMBOLS)
    np.testing.assert_array_equal(
        found.end_time.reshape(-1, SYMBOLS), np.repeat(ends.max(axis=1)[:, None], SYMBOLS, axis=1)
    )
    assert (ends.max(axis=1) > ends.min(axis=1)).any()
    for name in ("net_return", "bars_held", "exit_reason", "start_time"):
        np.testing.assert_array_equal(getattr(found, name), getattr(labels, name))


@pytest.mark.parametrize("cut", [150, 220])
def test_what_is_known_by_a_bar_does_not_change_with_what_comes_after_it(cut):
    """Of peers too: rows whose peers end later are not told from what came later."""
    bars = market(SHARED + OWN)
    rows = slice(0, cut * SYMBOLS)
    whole, direction, distance = against_peers(labelled(bars)[0], bars, labelled(bars)[1])
    short_bars = bars.rows(rows.start, rows.stop)
    short, short_direction, short_distance = against_peers(
        labelled(short_bars)[0], short_bars, labelled(short_bars)[1]
    )
    known = whole.end_time[rows] <= cut - 1
    np.testing.assert_array_equal(known, short.end_time <= cut - 1)
    assert known.sum() > 100 * SYMBOLS
    np.testing.assert_array_equal(direction[rows][known], short_direction[known])
    np.testing.assert_array_equal(distance[rows][known], short_distance[known])


def test_who_has_no_volatility_yet_is_no_peer_and_holds_nobody_up():
    bars = market(SHARED + OWN)
    volatility = np.full(len(bars), 0.02)
    volatility.reshape(-1, SYMBOLS)[:100, 0] = np.nan
    labels = TripleBarrier(horizon=5, costs=Costs()).label(bars, volatility)
    found, direction, distance = against_peers(labels, bars, volatility)
    early = direction.reshape(-1, SYMBOLS)[:90]
    assert np.array_equal(np.isnan(distance.reshape(-1, SYMBOLS)[:90]), np.isnan(early))
    assert np.isnan(early[:, 0]).all()
    assert np.isfinite(early[:, 1:]).all()
    assert (found.end_time.reshape(-1, SYMBOLS)[:90, 0] == NEVER).all()


def test_one_symbol_has_no_peers():
    price = np.full(30, 100.0)
    bars = Bars.from_arrays(
        symbol=["A"] * 30, event_time=np.arange(30), open=price, high=price, low=price, close=price
    )
    labels = TripleBarrier(horizon=5).label(bars, np.full(30, 0.02))
    with pytest.raises(UsageError, match="these bars have one"):
        against_peers(labels, bars, np.full(30, 0.02))
