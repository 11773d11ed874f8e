"""The filter over what a score is worth: known posteriors, and what it must not do."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.models.online.worth import SIZES, Worth


def told(said=0.1, size=0.1):
    worth = Worth()
    worth.size = size**2
    worth.expect(said, 0.0)
    return worth


def test_before_any_outcome_it_is_what_the_package_says():
    for said in (-0.15, 0.0, 0.03, 0.1, 0.2):
        assert told(said).mean == pytest.approx(said)
    assert told(5.0).mean == pytest.approx(0.2)  # twice the usual, no more
    assert not Worth().known


def test_the_posterior_is_that_of_bayes():
    worth = told()
    worth.expect(0.1, 50.0)
    prior = worth.chances.copy()
    worth.see(30.0, 400.0)
    slopes = 0.1 * SIZES
    joint = prior * np.exp(-0.5 * 400.0 * np.square(slopes - 30.0 / 400.0))
    np.testing.assert_allclose(worth.chances, joint / joint.sum(), rtol=1e-9)


def test_evidence_is_the_likelihood_ratio_against_no_worth_at_all():
    worth = told()
    prior = worth.chances.copy()
    worth.see(30.0, 400.0)
    slopes = 0.1 * SIZES
    ratio = prior @ np.exp(slopes * 30.0 - 0.5 * slopes**2 * 400.0)
    assert worth.evidence == pytest.approx(math.log(ratio))
    assert worth.share == pytest.approx(ratio / (ratio + 9.0))


def test_a_change_is_expected_once_in_250_bars():
    worth = told()
    worth.expect(0.1, 250.0)
    stayed = (1.0 - 1.0 / 250.0) ** 250
    assert worth.mean == pytest.approx(0.1 * (stayed + 0.5 * (1.0 - stayed)))
    steps = told()
    for _ in range(250):
        steps.expect(0.1, 1.0)
    np.testing.assert_allclose(steps.chances, worth.chances)


@settings(deadline=None)
@given(
    outcomes=st.lists(
        st.tuples(
            st.floats(-1e6, 1e6), st.floats(0.0, 1e6), st.floats(-2.0, 2.0), st.integers(0, 3)
        ),
        max_size=30,
    )
)
def test_chances_stay_chances(outcomes):
    worth = told()
    for pull, information, said, bars in outcomes:
        worth.expect(said, float(bars))
        worth.see(pull, information)
        assert worth.chances.sum() == pytest.approx(1.0)
        assert (worth.chances >= 0.0).all()
        assert abs(worth.mean) <= 0.2 + 1e-12
        assert 0.0 <= worth.share <= 1.0


def test_noise_leaves_the_share_small_and_an_edge_does_not():
    rng = np.random.default_rng(0)
    shares = {}
    for true in (0.0, 0.1):
        found = []
        for _ in range(40):
            worth = told()
            for _ in range(500):
                worth.expect(0.1, 1.0)
                worth.see(2.0 * true + math.sqrt(2.0) * float(rng.standard_normal()), 2.0)
            found.append(worth.share)
        shares[true] = np.array(found)
    assert (shares[0.0] > 0.5).mean() <= 0.1
    assert np.median(shares[0.1]) > 0.9


def test_a_turn_is_noticed_from_few_outcomes():
    rng = np.random.default_rng(1)
    worth = told()
    for _ in range(500):
        worth.expect(0.1, 1.0)
        worth.see(0.2 + math.sqrt(2.0) * float(rng.standard_normal()), 2.0)
    assert worth.mean > 0.0
    bars = 0
    while worth.mean > 0.0:
        worth.expect(0.1, 1.0)
        worth.see(-0.2 + math.sqrt(2.0) * float(rng.standard_normal()), 2.0)
        bars += 1
    assert bars < 250


def test_another_package_keeps_what_their_scores_share():
    worth = told()
    worth.expect(0.1, 100.0)
    worth.see(-40.0, 400.0)
    before = worth.mean
    worth.hand_over(0.5, 0.1)
    assert worth.mean == pytest.approx(0.5 * before + 0.05)
    worth.hand_over(0.0, 0.1)
    assert not worth.known
