"""Eight symbols in step give what each gives alone, to the last bit."""

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.features import FeatureSet
from edgekeeper.features.compute import _rows_at_once

TEXTS = {
    "quick": "ema(close, 5)",
    "slow": "ema(ema(close, 12) - ema(close, 26), 9)",
    "rsi": "rsi(close, 14)",
    "mean": "mean(close, 20)",
    "highest": "max(high, 12)",
    "change": "close - lag(close, 3)",
    "spread": "corr(high, low, 10)",
    "size": "log(volume)",
    "range": "high - low",
}


def alone(features: FeatureSet, bars: Bars) -> np.ndarray:
    table = np.empty((len(bars), len(features)), dtype=np.float32)
    for s in range(len(bars.symbols)):
        rows = bars.by_symbol[bars.symbol_offsets[s] : bars.symbol_offsets[s + 1]]
        one = Bars.from_arrays(
            symbol=np.full(len(rows), bars.symbols[s]),
            event_time=bars.event_time[rows],
            **{name: getattr(bars, name)[rows] for name in ("open", "high", "low", "close")},
            volume=bars.volume[rows],
        )
        table[rows] = features.matrix(one)
    return table


@pytest.mark.parametrize("symbols", [8, 11, 16])
@pytest.mark.parametrize("gaps", [0.0, 0.002, 0.3])
def test_in_step_or_alone_gives_the_same_bits(bars_of, symbols, gaps):
    bars = bars_of(symbols, 1_100, gaps=gaps, seed=symbols)
    volume = bars.volume.copy()
    volume[3::997] = np.nan  # missing for one symbol, not for those beside it
    bars = bars.__class__.from_arrays(
        symbol=np.array(bars.symbols)[bars.symbol],
        event_time=bars.event_time,
        **{name: getattr(bars, name) for name in ("open", "high", "low", "close")},
        volume=volume,
    )
    features = FeatureSet(TEXTS)
    assert _rows_at_once(features.plan.stages[0].program, 8)[1]
    expected = alone(features, bars).tobytes()
    assert np.isfinite(np.frombuffer(expected, np.float32)).mean() > 0.9
    for chunk in (None, 3, 40, 500):
        for threads in (1, 2):
            assert features.matrix(bars, chunk=chunk, threads=threads).tobytes() == expected


def test_a_shorter_history_among_eight(bars_of):
    whole = bars_of(8, 900, seed=3)
    keep = ~((whole.symbol == 2) & (whole.event_time < whole.instants[500]))
    keep &= ~((whole.symbol == 5) & (whole.event_time > whole.instants[640]))
    bars = Bars.from_arrays(
        symbol=np.array(whole.symbols)[whole.symbol][keep],
        event_time=whole.event_time[keep],
        **{name: getattr(whole, name)[keep] for name in ("open", "high", "low", "close")},
        volume=whole.volume[keep],
    )
    features = FeatureSet(TEXTS)
    assert features.matrix(bars).tobytes() == alone(features, bars).tobytes()


def test_programs_that_would_leave_the_cache_do_not_go_in_step():
    many = FeatureSet({f"f{n}": f"ema(close, {n}) / mean(close, {n})" for n in range(5, 105)})
    assert not _rows_at_once(many.plan.stages[0].program, 8)[1]
