"""Sequential bootstrap: the book's example, a plain recomputation, more unique samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import UsageError
from edgekeeper.labels import average_uniqueness, next_draw_probability, sequential_bootstrap

BOOK = np.array([0, 2, 4]), np.array([2, 3, 5])


def test_the_books_example():
    found = next_draw_probability(*BOOK, np.array([1]))
    np.testing.assert_allclose(found, [5 / 14, 3 / 14, 6 / 14])
    np.testing.assert_allclose(next_draw_probability(*BOOK, np.array([], int)), [1 / 3] * 3)


def by_hand(first, last, chance):
    drawn = []
    for u in chance:
        probability = next_draw_probability(first, last, np.array(drawn, int))
        drawn.append(int(np.searchsorted(np.cumsum(probability), u, side="right")))
    return drawn


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), min_size=1, max_size=12),
       st.integers(0, 99))  # fmt: skip
def test_equals_drawing_by_those_probabilities(spans, seed):
    first = np.array([a for a, _ in spans])
    last = first + np.array([b for _, b in spans])
    chance = np.random.default_rng(seed).random(15)
    drawn = sequential_bootstrap(first, last, 15, seed=seed).tolist()
    assert drawn == by_hand(first, last, np.minimum(chance, 1 - 1e-12))


def test_samples_are_more_unique_than_plain_ones():
    # The book's Monte Carlo, 4.5.4: ten labels of up to five bars on a hundred, .6 against .7.
    rng = np.random.default_rng(0)
    sequential, plain = [], []
    for seed in range(300):
        first = rng.integers(0, 100, 10)
        last = first + rng.integers(1, 5, 10)
        for found, rows in (
            (sequential, sequential_bootstrap(first, last, seed=seed)),
            (plain, rng.integers(0, 10, 10)),
        ):
            found.append(average_uniqueness(first[rows], last[rows]).mean())
    assert np.mean(sequential) > np.mean(plain) + 0.05


@pytest.mark.parametrize(
    "refused",
    [
        lambda: sequential_bootstrap(np.array([]), np.array([])),
        lambda: sequential_bootstrap(np.array([1]), np.array([0])),
        lambda: sequential_bootstrap(np.array([-1]), np.array([0])),
        lambda: sequential_bootstrap(np.array([0]), np.array([0, 1])),
        lambda: sequential_bootstrap(np.array([0]), np.array([0]), 0),
        lambda: next_draw_probability(*BOOK, np.array([3])),
    ],
)
def test_refusals(refused):
    with pytest.raises(UsageError, match="expected"):
        refused()
