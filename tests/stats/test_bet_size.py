import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.stats.bet_size import bet_size, kelly_stake


def test_known_answers():
    sizes = bet_size(np.array([0.6, 0.75, 0.9]))
    np.testing.assert_allclose(sizes, [0.16174, 0.4363, 0.81758], atol=5e-6)


def test_certainty_ignorance_and_what_is_missing():
    sizes = bet_size(np.array([0.0, 0.5, 1.0, np.nan]))
    assert sizes[:3].tolist() == [-1.0, 0.0, 1.0]
    assert np.isnan(sizes[3])
    assert bet_size(np.array([1 / 3]), classes=3)[0] == pytest.approx(0.0, abs=1e-12)


def test_refusals():
    with pytest.raises(UsageError, match="from 0 to 1"):
        bet_size(np.array([1.2]))
    with pytest.raises(UsageError, match="at least two"):
        bet_size(np.array([0.2]), classes=1)


def test_kelly_of_an_even_bet_and_of_a_long_shot():
    """2p - 1 on even money; edge over odds otherwise."""
    np.testing.assert_allclose(kelly_stake(np.array([0.55]), 1.0, 1.0), [0.1])
    np.testing.assert_allclose(kelly_stake(np.array([0.4]), 2.0, 1.0), [0.1])
    np.testing.assert_allclose(kelly_stake(np.array([0.55]), 0.1, 0.1), [1.0])
    np.testing.assert_allclose(kelly_stake(np.array([0.55]), 1.0, 1.0, fraction=0.5), [0.05])


def test_kelly_maximises_the_growth_of_wealth():
    stakes = np.linspace(0.0, 0.9, 90_001)
    growth = 0.45 * np.log1p(2.0 * stakes) + 0.55 * np.log1p(-stakes)
    best = stakes[growth.argmax()]
    assert kelly_stake(np.array([0.45]), 2.0, 1.0)[0] == pytest.approx(best, abs=1e-5)


def test_kelly_halves_where_the_error_is_as_large_as_the_edge():
    """An edge of .1 with a standard error of .05 × (1 + 1): half the stake."""
    sure, unsure = (kelly_stake(np.array([0.55]), 1.0, 1.0, error=e)[0] for e in (0.0, 0.05))
    assert unsure == pytest.approx(sure / 2)
    errors = [kelly_stake(np.array([0.6]), 1.5, 1.0, error=e)[0] for e in (0.0, 0.02, 0.1, 0.5)]
    assert errors == sorted(errors, reverse=True)


def test_shrinking_beats_believing_when_probabilities_are_estimates():
    """Growth at the true probability, stakes from noisy ones: Baker & McHale's point."""
    rng = np.random.default_rng(0)
    truth, error = 0.55, 0.08
    guesses = np.clip(truth + error * rng.standard_normal(200_000), 0.01, 0.99)

    def growth(stake):
        return np.mean(truth * np.log1p(stake) + (1.0 - truth) * np.log1p(-stake))

    believed = growth(kelly_stake(guesses, 1.0, 1.0))
    shrunk = growth(kelly_stake(guesses, 1.0, 1.0, error=error))
    assert shrunk > believed


def test_kelly_stakes_nothing_without_an_edge_and_knows_missing():
    stakes = kelly_stake(np.array([0.0, 0.3, 0.5, np.nan]), 1.0, 1.0, error=0.05)
    np.testing.assert_array_equal(stakes, [0.0, 0.0, 0.0, np.nan])
    assert kelly_stake(np.empty(0), 1.0, 1.0).shape == (0,)


@pytest.mark.parametrize(
    "bad",
    [
        {"probability": np.array([1.2])},
        {"win": 0.0},
        {"loss": np.inf},
        {"win": np.nan},
        {"error": -0.1},
        {"error": np.nan},
        {"fraction": 0.0},
        {"fraction": 2.0},
    ],
)
def test_bets_that_are_none(bad):
    with pytest.raises(UsageError):
        kelly_stake(**{"probability": np.array([0.5]), "win": 1.0, "loss": 1.0, **bad})
