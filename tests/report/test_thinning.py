import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.report.thinning import thin

SERIES = st.lists(
    st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=0, max_size=300
).map(lambda values: np.asarray(values, dtype=np.float64))


@given(SERIES, st.integers(1, 20))
def test_extremes_ends_and_gaps_survive(values, buckets):
    kept = thin(values, buckets)
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= max(3 * buckets + 2, 0)
    if len(values):
        assert kept[0] == 0
        assert kept[-1] == len(values) - 1
    finite = values[np.isfinite(values)]
    if len(finite):
        assert np.nanmin(values[kept]) == finite.min()
        assert np.nanmax(values[kept]) == finite.max()
    assert np.isnan(values[kept]).any() == np.isnan(values).any()


def test_one_spike_in_a_million_points_is_drawn():
    values = np.zeros(1_000_000)
    values[654_321], values[222_222] = 9.0, -9.0
    kept = thin(values, 450)
    assert {654_321, 222_222} <= set(kept.tolist())
    assert len(kept) <= 1352


def test_a_short_series_is_left_alone():
    assert thin(np.arange(100.0), 450).tolist() == list(range(100))
