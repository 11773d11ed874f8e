"""PBO: worked examples, an independent enumeration, what choice does to noise and to skill."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.overfitting import overfitting

A, B, C = [4, 3, -3, -5], [-4, -2, 3, 4.5], [0.1, 0.2, 0.3, 0.4]


def test_worked_example_of_four_blocks():
    found = overfitting(np.array([A, B, C]).T, blocks=4, metric="mean")
    assert found.probability == pytest.approx(5 / 6, abs=1e-12)
    assert len(found.logits) == 6


def test_a_hundred_columns_of_noise():
    noise = np.random.default_rng(0).standard_normal((1000, 100))
    assert round(overfitting(noise, blocks=10).probability, 5) == 0.51587


def test_one_dominant_column_is_no_overfitting():
    returns = np.random.default_rng(1).standard_normal((400, 20))
    returns[:, 7] += 1.0
    found = overfitting(returns, blocks=8)
    assert found.probability == found.probability_of_loss == 0.0
    assert (found.chosen == 7).all()


def by_hand(returns, blocks):
    parts = np.array_split(np.arange(len(returns)), blocks)
    logits = []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[i] for i in chosen])
        outside = np.setdiff1d(np.arange(len(returns)), inside)

        def ratio(rows):
            return returns[rows].mean(axis=0) / returns[rows].std(axis=0, ddof=1)

        rank = stats.rankdata(ratio(outside))[ratio(inside).argmax()]
        omega = rank / (returns.shape[1] + 1)
        logits.append(math.log(omega / (1 - omega)))
    return np.array(logits)


@pytest.mark.parametrize("length", [60, 61, 67])
def test_equals_a_plain_enumeration(length):
    returns = np.random.default_rng(length).standard_normal((length, 7)) * 0.01 + 0.02
    found = overfitting(returns, blocks=6)
    np.testing.assert_allclose(found.logits, by_hand(returns, 6), atol=1e-12)


def test_slope_and_loss_of_choosing_among_noise():
    # Halves of one history: what was above its mean in one half is below it in the other.
    noise = np.random.default_rng(5).standard_normal((600, 30))
    found = overfitting(noise - noise.mean(axis=0), blocks=10)
    assert found.slope < -0.5
    assert found.probability_of_loss == 1.0
    expected = stats.linregress(found.in_sample, found.out_of_sample)
    assert (found.slope, found.intercept) == pytest.approx((expected.slope, expected.intercept))


def test_a_configuration_that_never_trades_is_cash():
    returns = np.random.default_rng(2).standard_normal((200, 3)) - 0.5
    returns[:, 1] = 0.0
    found = overfitting(returns, blocks=4)
    assert (found.chosen == 1).all()
    assert (found.out_of_sample == 0.0).all()
    assert math.isnan(found.slope)


@pytest.mark.parametrize(
    ("returns", "error"),
    [
        (np.ones((10, 1)), BadData),
        (np.ones(10), BadData),
        (np.empty((0, 3)), BadData),
        (np.full((100, 3), np.nan), BadData),
        (np.tile([0.01, 0.02], (100, 1)), BadData),
        (np.random.default_rng(0).standard_normal((2, 3)), BadData),
    ],
)
def test_what_cannot_be_judged(returns, error):
    with pytest.raises(error):
        overfitting(returns, blocks=2 if len(returns) == 2 else 10)


@pytest.mark.parametrize("blocks", [0, 1, 3, 22, -2])
def test_blocks_are_even(blocks):
    with pytest.raises(UsageError, match="even number"):
        overfitting(np.zeros((100, 2)), blocks=blocks)


def test_metric_is_known():
    with pytest.raises(UsageError, match="sharpe"):
        overfitting(np.zeros((100, 2)), metric="median")
