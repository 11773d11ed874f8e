"""Block bootstrap: its mean and spread, coverage under dependence, refusals."""

import numpy as np
import pytest
from arch.bootstrap import CircularBlockBootstrap

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.bootstrap import block_means, mean_interval


def test_spread_agrees_with_arch():
    values = np.random.default_rng(0).standard_normal(300).cumsum() * 0.1
    ours = block_means(values, block=20, repetitions=4_000)
    theirs = CircularBlockBootstrap(20, values, seed=1).apply(np.mean, 2_000)[:, 0]
    assert ours.mean() == pytest.approx(values.mean(), abs=0.02)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.08)


def test_blocks_as_long_as_the_record_only_turn_it():
    values = np.arange(10.0)
    assert np.allclose(block_means(values, block=10, repetitions=100), 4.5)


@pytest.mark.parametrize(("rho", "block"), [(0.0, None), (0.5, 12)])
def test_coverage(rho, block):
    rng = np.random.default_rng(4)
    hits = 0
    for seed in range(200):
        noise = rng.standard_normal(350)
        series = np.zeros(350)
        for t in range(1, 350):
            series[t] = rho * series[t - 1] + noise[t]
        low, high = mean_interval(series[50:], block=block, repetitions=300, seed=seed)
        hits += low <= 0.0 <= high
    assert 0.87 <= hits / 200 <= 0.99


def test_seeded():
    values = np.random.default_rng(0).standard_normal(50)
    assert mean_interval(values, repetitions=200) == mean_interval(values, repetitions=200)


def test_refusals():
    for bad in (np.array([1.0]), np.array([1.0, np.nan]), np.ones((2, 2))):
        with pytest.raises(BadData, match="at least two"):
            block_means(bad, block=1)
    for options in ({"block": 0}, {"block": 9}, {"block": 1, "repetitions": 1}):
        with pytest.raises(UsageError, match="expected a block"):
            block_means(np.arange(5.0), **options)
    with pytest.raises(UsageError, match="coverage"):
        mean_interval(np.arange(5.0), level=1.0)
