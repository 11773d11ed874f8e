"""Breakdowns: agreement with statsmodels, clusters, multiplicity."""

import math

import numpy as np
import pytest
import statsmodels.api as sm

from edgekeeper.errors import UsageError
from edgekeeper.stats.breakdown import breakdown, clustered_mean


def test_clustered_error_agrees_with_statsmodels():
    rng = np.random.default_rng(0)
    cluster = rng.integers(0, 40, 300)
    values = rng.standard_normal(300) + rng.standard_normal(40)[cluster]
    fitted = sm.OLS(values, np.ones(300)).fit()
    robust = fitted.get_robustcov_results("cluster", groups=cluster, df_correction=True)
    mean, error, count = clustered_mean(values, cluster)
    assert mean == pytest.approx(robust.params[0])
    assert error == pytest.approx(robust.bse[0], rel=1e-9)
    assert count == 40
    assert error > 1.5 * values.std() / math.sqrt(300)


def test_clusters_of_one_are_a_plain_mean():
    values = np.random.default_rng(1).standard_normal(50)
    mean, error, _ = clustered_mean(values, np.arange(50))
    assert (mean, error) == pytest.approx((values.mean(), values.std(ddof=1) / math.sqrt(50)))
    assert clustered_mean(np.array([]), np.array([])) == pytest.approx(
        (math.nan, math.nan, 0), nan_ok=True
    )
    assert clustered_mean(np.ones(3), np.zeros(3, int))[1] == math.inf


def test_dependence_within_days_does_not_make_discoveries():
    found = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        day = np.repeat(np.arange(30), 40)
        values = rng.standard_normal(30)[day] + 0.2 * rng.standard_normal(1200)
        label = np.where(day % 2, "odd", "even").tolist()
        parts = breakdown(values, {"day": label}, day)
        found += any(min(part.q_below, part.q_above) < 0.05 for part in parts)
    assert found <= 10


def test_small_parts_are_listed_but_not_tested():
    values = np.r_[np.full(19, -1.0) + np.arange(19) / 100, np.arange(60.0)]
    labels = {"kind": ["small"] * 19 + ["large"] * 60}
    large, small = breakdown(values, labels, np.arange(79))
    assert (small.count, small.mean) == (19, pytest.approx(-0.91))
    assert math.isnan(small.p_below)
    assert math.isnan(small.low)
    assert large.p_above < 0.01


def test_missing_values_are_left_out():
    values = np.r_[np.nan, np.ones(30) + np.arange(30)]
    (part,) = breakdown(values, {"all": ["x"] * 31}, np.arange(31))
    assert (part.count, part.share_positive) == (30, 1.0)


def test_refusals():
    with pytest.raises(UsageError, match="a label for each"):
        breakdown(np.ones(3), {"a": ["x"]}, np.arange(3))
    with pytest.raises(UsageError, match="one cluster for each"):
        clustered_mean(np.ones(3), np.arange(2))
