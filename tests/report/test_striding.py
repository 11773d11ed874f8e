"""A path in a store of fixed size: what is kept, whichever way the rows came."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import UsageError
from edgekeeper.report.striding import Strided


@given(
    n=st.integers(0, 200), cuts=st.lists(st.integers(0, 200), max_size=6),
    most=st.sampled_from([2, 4, 8, 30]),
)  # fmt: skip
def test_what_is_kept_hangs_on_the_rows_alone(n, cuts, most):
    random = np.random.default_rng(n)
    time_ns, rows = np.arange(n), random.normal(size=(n, 3))
    path = Strided(3, lowest=(2,), most=most)
    edges = sorted({0, n, *(cut for cut in cuts if cut < n)})
    for first, last in itertools.pairwise(edges):
        path.add(time_ns[first:last], rows[first:last])
    stride = 1
    while n // stride >= most:
        stride *= 2
    kept = n // stride
    assert (path.stride, path.count, len(path.rows)) == (stride, n, kept)
    ends = stride * np.arange(1, kept + 1) - 1
    np.testing.assert_array_equal(path.time_ns, time_ns[ends])
    np.testing.assert_array_equal(path.rows[:, :2], rows[ends, :2])
    lows = rows[: kept * stride, 2].reshape(kept, stride).min(axis=1)
    np.testing.assert_array_equal(path.rows[:, 2], lows)
    if n:
        np.testing.assert_array_equal(path.last, rows[-1])
        assert path.last_ns == n - 1


def test_unknown_numbers_are_no_lowest_ones_and_an_odd_store_is_refused():
    path = Strided(1, lowest=(0,), most=2)
    path.add(np.arange(4), np.array([[np.nan], [2.0], [np.nan], [np.nan]]))
    assert path.stride == 4
    path = Strided(1, lowest=(0,), most=4)
    path.add(np.arange(4), np.array([[np.nan], [2.0], [np.nan], [1.0]]))
    assert path.rows[:, 0].tolist() == [2.0, 1.0]
    with pytest.raises(UsageError, match="even"):
        Strided(1, most=3)
