import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.stats.block_length import block_lengths, lingers, longest_block


def ar(phi, n, seed=0):
    noise = np.random.default_rng(seed).standard_normal(n)
    x = np.zeros(n)
    for t in range(1, n):
        x[t] = phi * x[t - 1] + noise[t]
    return x


def test_longer_memory_asks_for_longer_blocks():
    columns = np.stack([ar(phi, 4_000) for phi in (0.0, 0.5, 0.8)], axis=1)
    none, some, much = block_lengths(columns)
    assert none < 6 < some < much


def test_the_value_of_an_ar_process_is_near_its_theory():
    """For AR(1) the optimum is (2 g² n / (2 s⁴))^(1/3), with g and s² known exactly."""
    phi, n = 0.5, 20_000
    level = 1.0 / (1.0 - phi) ** 2
    slope = 2.0 * phi / ((1.0 - phi**2) * (1.0 - phi) ** 2)
    optimum = (slope**2 / level**2 * n) ** (1.0 / 3.0)
    found = np.median([block_lengths(ar(phi, n, seed)[:, None])[0] for seed in range(9)])
    assert found == pytest.approx(optimum, rel=0.15)


def test_a_random_walk_comes_near_the_cap():
    walk = np.cumsum(np.random.default_rng(0).standard_normal(1_000))
    assert longest_block(1_000) == 3 * np.sqrt(1_000)
    assert 2 / 3 < block_lengths(walk[:, None])[0] / longest_block(1_000) <= 1.0


@given(st.integers(20, 200), st.floats(0.0, 1.0), st.integers(0, 9))
def test_always_between_one_and_the_cap(n, missing, seed):
    rng = np.random.default_rng(seed)
    columns = np.where(rng.random((n, 3)) < missing, np.nan, rng.standard_normal((n, 3)))
    columns[:, 1] = 7.0
    blocks = block_lengths(columns)
    assert ((blocks >= 1.0) & (blocks <= longest_block(n))).all()
    assert blocks[1] == 1.0


def garch(n, seed):
    noise = np.random.default_rng(seed).standard_normal(n + 300)
    x, variance = np.zeros(n + 300), 1.0
    for t in range(1, n + 300):
        variance = 0.05 + 0.10 * x[t - 1] ** 2 + 0.85 * variance
        x[t] = np.sqrt(variance) * noise[t]
    return x[300:]


def test_clustered_volatility_lingers_and_short_memory_does_not():
    """Weak but long memory of the size of moves, which no single lag shows."""

    def share_of(make, seeds):
        columns = (make(seed) for seed in range(seeds))
        return np.mean([lingers(np.stack([x, np.abs(x)], axis=1)) for x in columns])

    assert share_of(lambda seed: garch(1_000, seed), 60) > 0.8
    assert share_of(lambda seed: np.random.default_rng(seed).standard_normal(1_000), 200) <= 0.04
    assert share_of(lambda seed: np.random.default_rng(seed).standard_t(3, 1_000), 200) <= 0.06
    assert share_of(lambda seed: ar(0.5, 1_000, seed), 200) <= 0.2


def test_what_lingers_is_judged_over_all_columns_and_gaps_and_constants_do_not():
    rng = np.random.default_rng(5)
    many = rng.standard_normal((1_000, 100))
    assert np.mean([lingers(rng.permuted(many, axis=0)) for _ in range(40)]) <= 0.1
    many[:, 3] = 7.0
    many[::3, 4] = np.nan
    assert not lingers(many)
    many[:, 5] = np.abs(garch(1_000, 1))
    assert lingers(many)
    assert not lingers(rng.standard_normal((50, 2))), "too short to tell"
