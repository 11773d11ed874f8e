import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.paired import diebold_mariano, two_sided
from edgekeeper.stats.resampling import Interval, TimeBlocks, interval_of
from edgekeeper.stats.score_resampling import SCORES, resample_scores, score_intervals
from edgekeeper.stats.scores import score_probabilities


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5_000), st.integers(1, 500))
def test_every_period_is_in_one_block(periods, block):
    blocks = TimeBlocks(periods, block)
    index = blocks.of(np.arange(periods))
    assert blocks.count <= 200
    assert set(index) == set(range(blocks.count))
    assert blocks.length >= block


def test_too_few_blocks_give_no_interval():
    blocks = TimeBlocks(90, 10)
    drawn = blocks.sums(np.arange(90), np.ones((90, 1)))[:, 0]
    assert np.isnan(drawn).all()
    assert interval_of(1.0, drawn) == Interval(1.0)
    with pytest.raises(UsageError, match="at least one period"):
        TimeBlocks(0, 1)
    with pytest.raises(UsageError, match="100 to 100000 repetitions"):
        TimeBlocks(10, 1, repetitions=3)


def test_intervals_of_dependent_data_are_wider():
    rng = np.random.default_rng(0)
    wandering = np.repeat(rng.standard_normal(200), 10)
    width = {}
    for block in (1, 20):
        blocks = TimeBlocks(2_000, block, repetitions=2_000)
        sums = blocks.sums(np.arange(2_000), wandering[:, None])[:, 0] / 2_000
        width[block] = sums.std()
    independent = wandering.std() / math.sqrt(2_000)
    # At most 200 blocks: even a block of one becomes one of ten, as long as the dependence.
    assert width[20] > 2.0 * independent
    assert width[1] == pytest.approx(math.sqrt(10.0) * independent, rel=0.15)


def test_intervals_cover_as_often_as_they_say():
    """Accuracy of independent guesses: 95 % of intervals hold the truth."""
    rng = np.random.default_rng(1)
    held = 0
    for seed in range(100):
        outcome = rng.random(400) < 0.5
        probability = np.where(rng.random(400) < 0.6, outcome, ~outcome).astype(float)
        found = score_intervals(outcome, probability, np.arange(400),
                                TimeBlocks(400, 4, repetitions=200, seed=seed))  # fmt: skip
        held += found["accuracy"].low <= 0.6 <= found["accuracy"].high
    assert 88 <= held <= 100


def test_the_resampled_scores_are_the_scores_of_the_resample():
    """Every figure, the area under the curve among them, against scoring the drawn rows."""
    rng = np.random.default_rng(2)
    n = 300
    probability = rng.integers(0, 12, n) / 11.0  # many ties
    outcome = rng.random(n) < probability
    blocks = TimeBlocks(n, 20, repetitions=100)
    drawn = resample_scores(outcome, probability, np.arange(n), blocks)
    for repetition in range(5):
        times = blocks.draws[repetition][blocks.of(np.arange(n))].astype(int)
        rows = np.repeat(np.arange(n), times)
        plain = score_probabilities(outcome[rows], probability[rows])
        for name in SCORES:
            assert drawn[name][repetition] == pytest.approx(getattr(plain, name)), name


def test_one_class_alone_has_no_area():
    found = score_intervals(np.ones(200, bool), np.full(200, 0.7), np.arange(200),
                            TimeBlocks(200, 5))  # fmt: skip
    assert math.isnan(found["auc"].value)
    assert math.isnan(found["auc"].low)
    assert found["accuracy"] == Interval(1.0, 1.0, 1.0)
    empty = score_intervals(np.zeros(0, bool), np.zeros(0), np.zeros(0, np.int64),
                            TimeBlocks(200, 5))  # fmt: skip
    assert all(math.isnan(figure.value) for figure in empty.values())


# -- Diebold and Mariano ------------------------------------------------------------------------


def test_one_step_is_the_t_test():
    from scipy.stats import ttest_1samp

    gap = np.random.default_rng(3).standard_normal(80) + 0.2
    ours, theirs = diebold_mariano(gap), ttest_1samp(gap, 0.0)
    # With a horizon of one the correction turns the variance over n into that over n - 1.
    assert ours.p_value == pytest.approx(float(theirs.pvalue), abs=1e-12)
    low, high = theirs.confidence_interval(0.95)
    assert (ours.low, ours.high) == (pytest.approx(low), pytest.approx(high))


def test_its_level_holds_where_errors_overlap():
    """Differences that are sums over five periods: a naive test would reject a third."""
    rng = np.random.default_rng(4)
    rejected = naive = 0
    for _ in range(400):
        noise = np.convolve(rng.standard_normal(504), np.ones(5), "valid")
        rejected += diebold_mariano(noise, horizon=5).p_value < 0.05
        naive += diebold_mariano(noise).p_value < 0.05
    assert rejected / 400 < 0.09
    assert naive / 400 > 0.25


def test_what_cannot_be_tested_is_not():
    assert math.isnan(diebold_mariano(np.zeros(100)).p_value)
    assert math.isnan(diebold_mariano(np.ones(9)).p_value)
    assert math.isnan(diebold_mariano(np.empty(0)).mean)
    with pytest.raises(BadData, match="finite differences"):
        diebold_mariano(np.array([1.0, math.nan]))
    with pytest.raises(UsageError, match="horizon from 1 up"):
        diebold_mariano(np.ones(30), horizon=0)
    assert math.isnan(two_sided(np.array([math.nan])))
