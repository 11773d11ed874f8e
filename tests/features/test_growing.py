import numpy as np
import pytest

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
