import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, rankdata

from edgekeeper.stats.drift_scores import normal_quantile, order_columns, score_row, scores_within


def within(rows, times=None):
    times = np.ones(len(rows), dtype=np.int64) if times is None else times
    scores = np.empty(rows.shape)
    scores_within(*order_columns(rows), times, scores)
    return scores


@given(st.floats(1e-12, 1.0 - 1e-12))
def test_quantiles_are_the_normals(p):
    assert normal_quantile(p) == pytest.approx(norm.ppf(p), abs=1e-7, rel=1e-7)


VALUES = st.lists(
    st.one_of(st.integers(-3, 3).map(float), st.just(float("nan"))), min_size=4, max_size=40
)


@given(VALUES)
def test_scores_are_those_of_middle_ranks(values):
    column = np.array(values)
    known = column[~np.isnan(column)]
    expected = np.full(len(column), np.nan)
    share = (rankdata(known) - 0.5) / max(len(known), 1)
    expected[~np.isnan(column)] = np.clip(norm.ppf(share), -3.0, 3.0)
    np.testing.assert_allclose(within(column[:, None])[:, 0], expected, atol=1e-7)


@given(VALUES, st.integers(0, 99))
def test_a_draw_scores_as_its_own_rows_do(values, seed):
    """Scores from how often each row was drawn are those of the drawn rows written out."""
    column = np.array(values)[:, None]
    drawn = np.random.default_rng(seed).integers(0, len(column), len(column))
    times = np.bincount(drawn, minlength=len(column))
    np.testing.assert_allclose(within(column, times)[drawn], within(column[drawn]), atol=1e-12)


@given(VALUES)
def test_a_row_scores_alone_as_among_the_rest(values):
    column = np.array(values)[:, None]
    ordered = np.ascontiguousarray(np.sort(column, axis=0).T)
    known = np.isfinite(column).sum(axis=0)
    alone = np.empty(1)
    for row, expected in zip(column, within(column), strict=True):
        score_row(row, ordered, known, alone)
        np.testing.assert_array_equal(alone, expected)


def test_strangers_and_infinities_lie_at_the_ends():
    ordered, known, score = np.arange(1_000.0)[None, :], np.array([1_000]), np.empty(1)
    for x, end in ((1e9, 3.0), (np.inf, 3.0), (-np.inf, -3.0), (499.5, 0.0)):
        score_row(np.array([x]), ordered, known, score)
        assert score[0] == pytest.approx(end, abs=1e-9)
