"""Adjusted p-values: agreement with scipy, and what a question not asked does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.multiplicity import adjusted_p_values

METHODS = {"yekutieli": "by", "hochberg": "bh"}


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30), st.sampled_from(sorted(METHODS)))
def test_agrees_with_scipy(p_values, method):
    found = adjusted_p_values(np.array(p_values), method=method)
    expected = false_discovery_control(p_values, method=METHODS[method])
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300)


def test_a_question_not_asked_does_not_count():
    found = adjusted_p_values(np.array([np.nan, 0.03, np.nan]))
    assert found[1] == pytest.approx(0.03)
    assert np.isnan(found[[0, 2]]).all()
    assert adjusted_p_values(np.array([])).tolist() == []


def test_refusals():
    for bad in (np.array([1.1]), np.array([-0.1]), np.ones((2, 2))):
        with pytest.raises(BadData, match="from 0 to 1"):
            adjusted_p_values(bad)
    with pytest.raises(UsageError, match="yekutieli"):
        adjusted_p_values(np.array([0.1]), method="bonferroni")
