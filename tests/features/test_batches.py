import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.features import FeatureSet

FEATURES = FeatureSet(
    {
        "rsi": "rsi()",
        "std": "std(close, 20)",
        "spy": "corr(close, SPY.close, 9)",
        "hour": 'tf("4h", rsi(close, 5))',
        "session": "close / last_before(close, session) - 1",
        "gap": "hour + close",
    }
)
COMPARED = FEATURES.with_("rank", "ema(cs_rank(delta(close, 3)), 5)")


def in_parts(features, bars, cuts):
    batches = features.batches()
    parts = [bars.rows(a, b) for a, b in zip([0, *cuts], [*cuts, len(bars)], strict=True)]
    return np.concatenate([batches.matrix(part).copy() for part in parts])


@pytest.mark.parametrize("seed", range(4))
def test_parts_give_what_the_whole_gives(bars_of, seed):
    bars = bars_of(5, 400, gaps=0.1, minutes=30)
    rng = np.random.default_rng(seed)
    cuts = sorted(rng.choice(np.arange(1, len(bars)), 12, replace=False).tolist())
    whole = FEATURES.matrix(bars)
    np.testing.assert_array_equal(in_parts(FEATURES, bars, cuts), whole)
    at_instants = sorted({int(bars.instant_offsets[c // 5]) for c in cuts if c >= 5})
    np.testing.assert_array_equal(in_parts(COMPARED, bars, at_instants), COMPARED.matrix(bars))


def only(bars: Bars, code: int) -> Bars:
    mine = np.flatnonzero(bars.symbol == code)
    return Bars.from_arrays(
        symbol=[bars.symbols[code]] * len(mine),
        event_time=bars.event_time[mine],
        open=bars.open[mine],
        high=bars.high[mine],
        low=bars.low[mine],
        close=bars.close[mine],
        volume=bars.volume[mine],
        context={name: values[mine] for name, values in bars.context.items()},
    )


def test_symbols_may_come_one_after_the_other(bars_of):
    bars = bars_of(4, 300, minutes=30)
    whole = FEATURES.matrix(bars)
    batches = FEATURES.batches()
    for code in range(4):
        np.testing.assert_array_equal(batches.matrix(only(bars, code)), whole[bars.symbol == code])


def test_what_goes_back_in_time_is_refused(bars_of):
    bars = bars_of(3, 100, minutes=30)
    batches = FEATURES.batches()
    batches.matrix(bars.rows(0, 200))
    with pytest.raises(BadData, match="S1 later than"):
        batches.matrix(bars.rows(199, 210))
    batches = COMPARED.batches()
    batches.matrix(bars.rows(0, 200))
    with pytest.raises(BadData, match="compare"):
        batches.matrix(bars.rows(200, 300))
    with pytest.raises(UsageError, match=r"SPY\.close"):
        FEATURES.batches().matrix(bars_of(3, 100, context=False))
