"""White and Hansen through ``arch``: level, power, refusals."""

import numpy as np
import pytest

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.reality_check import reality_check


def test_a_real_edge_is_found_among_noise():
    excess = np.random.default_rng(0).standard_normal((500, 10))
    excess[:, 3] += 0.25
    found = reality_check(excess, repetitions=300)
    assert max(found.white, found.hansen, found.hansen_upper) < 0.01


def test_the_best_of_noise_is_not_called_an_edge_too_often():
    rng = np.random.default_rng(1)
    p_values = [
        reality_check(rng.standard_normal((150, 8)), block=3, repetitions=200, seed=i)
        for i in range(40)
    ]
    assert np.mean([p.hansen < 0.1 for p in p_values]) <= 0.3
    assert np.mean([p.hansen for p in p_values]) > 0.3
    assert all(p.hansen_lower <= p.hansen <= p.hansen_upper for p in p_values)


def test_poor_strategies_blunt_white_more_than_hansen():
    rng = np.random.default_rng(2)
    excess = rng.standard_normal((300, 12))
    excess[:, 0] += 0.13
    excess[:, 1:] = 5.0 * excess[:, 1:] - 2.0
    found = reality_check(excess, repetitions=500)
    assert found.hansen < 0.1 < found.white


def test_seeded():
    excess = np.random.default_rng(3).standard_normal((100, 2))
    assert reality_check(excess, repetitions=100) == reality_check(excess, repetitions=100)


@pytest.mark.parametrize(
    "excess",
    [
        np.zeros(50),
        np.zeros((50, 0)),
        np.zeros((10, 2)),
        np.full((50, 2), np.nan),
        np.ones((50, 2)),
    ],
)
def test_what_cannot_be_tested(excess):
    with pytest.raises(BadData):
        reality_check(excess)


def test_options_in_range():
    excess = np.random.default_rng(3).standard_normal((100, 2))
    for options in ({"block": 0}, {"block": 101}, {"repetitions": 1}):
        with pytest.raises(UsageError, match="expected a block"):
            reality_check(excess, **options)
