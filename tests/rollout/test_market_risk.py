from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData
from edgekeeper.rollout import MarketRisk


def returns_with_holes(seed, bars=120, symbols=3, missing=0.1):
    rng = np.random.default_rng(seed)
    returns = 0.01 * rng.standard_normal((bars, symbols))
    returns[rng.random(returns.shape) < missing] = np.nan
    return returns


def naive(returns, span):
    """Covariance known before each bar: weighted mean of the products of the bars before it."""
    decay = 1 - 2 / (span + 1)
    bars, symbols = returns.shape
    path = np.zeros((bars, symbols, symbols))
    for t in range(bars):
        for i in range(symbols):
            for j in range(symbols):
                products = returns[:t, i] * returns[:t, j]
                products = products[~np.isnan(products)]
                weights = decay ** np.arange(len(products))[::-1]
                if len(products):
                    path[t, i, j] = np.average(products, weights=weights)
    return path


def test_it_is_the_weighted_mean_of_past_products():
    returns = returns_with_holes(0)
    assert MarketRisk(3, 20).update(returns) == pytest.approx(naive(returns, 20), rel=1e-9)


def test_nothing_of_a_bar_is_in_its_own_prediction():
    returns = returns_with_holes(1)
    before = MarketRisk(3, 20).update(returns)
    changed = returns.copy()
    changed[60:] *= 100
    after = MarketRisk(3, 20).update(changed)
    assert np.array_equal(before[:61], after[:61])
    assert not np.array_equal(before[61], after[61])


def test_it_is_unbiased_from_the_first_bar_on():
    rng = np.random.default_rng(2)
    mixing = np.array([[1.0, 0.0], [0.6, 0.8]])
    truth = mixing @ mixing.T
    draws = np.array(
        [MarketRisk(2, 30).update(rng.standard_normal((12, 2)) @ mixing.T) for _ in range(4_000)]
    )
    mean = draws.mean(axis=0)
    assert (mean[0] == 0.0).all()
    for t in (1, 3, 11):
        assert mean[t] == pytest.approx(truth, abs=0.1)


def test_a_symbol_without_bars_is_unknown_and_leaves_the_others_alone():
    returns = returns_with_holes(3, missing=0.0)
    absent = np.column_stack([returns, np.full(len(returns), np.nan)])
    path = MarketRisk(4, 20).update(absent)
    assert np.array_equal(path[:, :3, :3], MarketRisk(3, 20).update(returns))
    assert (path[:, 3, :] == 0.0).all()
    assert (path[:, :, 3] == 0.0).all()


def test_a_gap_leaves_the_estimate_as_it_was():
    returns = returns_with_holes(4, missing=0.0)
    gap = returns.copy()
    gap[50:60, 1] = np.nan
    path = MarketRisk(3, 20).update(gap)
    assert (path[51:61, 1, 1] == path[51, 1, 1]).all()
    assert (path[51:61, 1, 0] == path[51, 1, 0]).all()
    assert len(np.unique(path[51:61, 0, 0])) == 10


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 120), max_size=5), st.integers(0, 1_000))
def test_it_does_not_depend_on_how_bars_come_in_chunks(cuts, seed):
    returns = returns_with_holes(seed)
    whole, parts = MarketRisk(3, 20), MarketRisk(3, 20)
    path = whole.update(returns)
    bounds = [0, *sorted(cuts), 120]
    assert np.array_equal(
        np.concatenate([parts.update(returns[a:b]) for a, b in pairwise(bounds)]), path
    )


@pytest.mark.parametrize("shape", [(5, 4), (5, 2), (5,)])
def test_another_number_of_symbols_is_refused(shape):
    with pytest.raises(BadData, match=r"expected returns \[t, 3\]"):
        MarketRisk(3, 20).update(np.zeros(shape))
