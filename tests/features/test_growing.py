import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.features import FeatureSet, GrowingMatrix
from edgekeeper.worlds import make_world

BARS = make_world("noise", seed=4, symbols=3, bars=300).bars
TEXTS = {
    "mean": "mean(close, 20)",
    "wide": "ema(high - low, 50)",
    "rank": "cs_rank(ret(close, 5))",
    "long": 'tf("7d", rsi(close, 14))',
    "season": "month",
}
WHOLE = FeatureSet(TEXTS).matrix(BARS, np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("steps", [[300], [1, 2, 300], [250, *range(251, 301)], [17, 90, 91, 300]])
def test_rows_are_those_of_the_whole_history(dtype, steps):
    growing = GrowingMatrix(FeatureSet(TEXTS), dtype)
    for instants in steps:
        grown = growing.of(BARS.rows(0, int(BARS.instant_offsets[instants])))[:]
    assert grown.dtype == dtype
    assert grown.tobytes() == FeatureSet(TEXTS).matrix(BARS, dtype).tobytes()


def test_asking_again_computes_nothing_and_fewer_bars_are_refused():
    growing = GrowingMatrix(FeatureSet(TEXTS))
    first = growing.of(BARS)[:]
    assert growing.of(BARS)[:].tobytes() == first.tobytes()
    with pytest.raises(BadData, match="seen before"):
        growing.of(BARS.rows(0, 30))


def test_a_missing_column_is_named():
    with pytest.raises(UsageError, match="VIX"):
        GrowingMatrix(FeatureSet({"fear": "VIX.close / lag(VIX.close, 1)"})).of(BARS)


def test_features_of_the_calendar_alone_are_told_apart():
    features = FeatureSet({**TEXTS, "both": "month * close"})
    assert features.of_the_market == ("mean", "wide", "rank", "long", "both")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.integers(1, 299), min_size=1, max_size=6, unique=True).map(sorted),
    st.sampled_from([0, 1, 3, 17, 200, 5_000]),
    st.data(),
)
def test_rows_that_were_let_go_are_the_same_when_they_are_asked_for(cuts, keep, data):
    growing = GrowingMatrix(FeatureSet(TEXTS), np.float64, keep)
    for instants in [*cuts, 300]:
        bars = BARS.rows(0, int(BARS.instant_offsets[instants]))
        found = growing.of(bars)
        assert len(found) == len(bars)
        numbers = np.array(data.draw(st.lists(st.integers(0, len(bars) - 1))), dtype=np.int64)
        first, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(bars))] * 2)))
        for rows in (numbers, slice(first, stop), slice(len(bars) - 2, None)):
            assert found[rows].tobytes() == WHOLE[: len(bars)][rows].tobytes()


@pytest.mark.parametrize("step", [1, 5])
def test_what_is_kept_is_bounded_and_what_was_handed_out_stays(step):
    growing = GrowingMatrix(FeatureSet(TEXTS), np.float64, keep=30)
    handed_out = []
    for instants in range(100, 301, step):
        found = growing.of(BARS.rows(0, int(BARS.instant_offsets[instants])))
        handed_out.append((len(found) - 6, found[len(found) - 6 :]))
        room = growing._newest._room
        assert len(room) <= 30 + 30 // 4
        assert growing._newest.first <= len(found) - 30
    for first, rows in handed_out:
        assert rows.tobytes() == WHOLE[first : first + 6].tobytes()
        with pytest.raises(ValueError, match="read-only"):
            rows[0] = 0.0
