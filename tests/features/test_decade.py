"""Ten years of minutes of one symbol: some ops of every family, the same bits however cut."""

from itertools import pairwise

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.features import FeatureSet

DAYS, MINUTES = 2_520, 390
FAMILIES = {
    "elementwise": "where(close > open, sqrt(volume), tanh(own.spiky))",
    "delay": "logret(close, 390)",
    "sums": "sum(volume, 1000) / count(close > open, 1000)",
    "moments": "zscore(close, 5000)",
    "higher_moments": "kurt(logret(close), 390) + skew(logret(close), 390)",
    "line": "resid(close, 60) + rsquare(close, 60)",
    "extremes": "argmax(high, 240) - argmin(low, 240)",
    "order": "rank(close, 500) + quantile(close, 60, 0.3)",
    "averages": "ema(close, 21) - wilder(close, 14) + kama()",
    "pairs": "corr(ret(close), ret(own.spiky), 120) + beta(high, low, 30)",
    "events": "streak(delta(close), 50) + bars_since(close > max(lag(high), 20), 400)",
    "sessions": "close / session_vwap() - 1",
    "opening": "close / opening_high(30)",
    "trailing": "psar() - supertrend()",
    "refits": "garch(logret(close), 500, month_number)",
    "markov": "hidden_regime(200, 3, month_number)",
    "profile": "profile_peak(typical_price(), volume, 60)",
    "entropy": "entropy(close, 120)",
    "longer": 'tf("1h", rsi(close, 14)) - tf("1d", rsi(close, 14))',
    "across": "cs_rank(close) + cs_mean(volume)",
    "denormal": "sum(own.spiky, 30) / var(own.spiky, 30)",
}


@pytest.fixture(scope="module")
def decade():
    """Constant stretches, holes, half days, zero volume, NaN, denormals, jumps; another symbol,
    absent most of the time."""
    rng = np.random.default_rng(7)
    n = DAYS * MINUTES
    moves = rng.standard_normal(n) * 4e-4
    moves[200_000:203_000] = 0.0
    moves[rng.integers(0, n, 20)] += 0.3
    close = np.round(50 * np.exp(moves.cumsum() - 0.3 * 20 * np.arange(n) / n), 2) + 1
    open_ = np.concatenate(([close[0]], close[:-1]))
    high = np.maximum(open_, close) + np.round(rng.random(n) * 0.03, 2)
    low = np.minimum(open_, close) - np.round(rng.random(n) * 0.03, 2)
    volume = np.round(np.exp(rng.standard_normal(n)) * 1_000) * (rng.random(n) > 0.02)
    volume[rng.random(n) < 0.01] = np.nan
    spiky = rng.standard_normal(n)
    spiky[rng.random(n) < 0.05] = np.nan
    spiky[400_000:402_000] *= 5e-324
    spiky[500_000:500_050] = 1e300
    day, minute = np.divmod(np.arange(n), MINUTES)
    open_days = np.flatnonzero((np.arange(DAYS * 2) + 4) % 7 < 5)[:DAYS] + 12_784
    time = (open_days[day] * 1_440 + 870 + minute + 1) * 60 * 10**9
    keep = (rng.random(n) > 0.002) & ~((day % 250 == 249) & (minute >= 210))
    other = np.flatnonzero((day // 5) % 20 == 3)

    def both(values):
        return np.concatenate((values[keep], values[other]))

    return Bars.from_arrays(
        symbol=np.repeat(["A", "B"], [int(keep.sum()), len(other)]),
        event_time=both(time),
        context={"own.spiky": both(spiky)},
        open=both(open_), high=both(high), low=both(low), close=both(close), volume=both(volume),
    )  # fmt: skip


@pytest.fixture(scope="module")
def table(decade):
    return FeatureSet(FAMILIES).matrix(decade)


def same_bits(left, right):
    return np.array_equal(left, right, equal_nan=True)


def test_there_are_ten_years_and_values_in_all_of_them(decade, table):
    assert len(decade) > 1_000_000
    for part in np.array_split(table, 10)[1:]:
        assert np.isfinite(part).any(axis=0).all()


@pytest.mark.parametrize(("chunk", "threads"), [(1, 1), (997, 2)])
def test_chunks_and_threads_change_no_bit(decade, table, chunk, threads):
    """Chunks of one row are what a stream gives to the kernels: two years of those."""
    if chunk == 1:
        decade = decade.rows(0, 200_000)
    again = FeatureSet(FAMILIES).matrix(decade, chunk=chunk, threads=threads)
    assert same_bits(table[: len(decade)], again)


def test_live_with_memory_moved_about(decade, table):
    stop = 6_000
    offsets = decade.instant_offsets[: stop + 1]
    features = FeatureSet(FAMILIES)
    stream = features.stream(decade.symbols)
    rng = np.random.default_rng(0)
    for k, (first, last) in enumerate(pairwise(offsets)):
        rows = decade.rows(first, last)
        if rng.random() < 0.002 or k == 1:
            memory, stream = stream.state(), features.stream(decade.symbols)
            stream.restore(memory)
        assert same_bits(stream.update(rows)[rows.symbol], table[first:last])


def test_a_later_start_leaves_no_trace(decade, table):
    features = FeatureSet(FAMILIES).without("across")
    first = int(decade.instant_offsets[800_000])
    late = features.matrix(decade.rows(first, len(decade)), np.float64)
    mine = [k for k, name in enumerate(FAMILIES) if name != "across"]
    early = table[first:, mine].astype(np.float64)
    settled = (decade.symbol[first:] == 0) & (np.arange(len(late)) >= 100_000)
    size = np.fmax(np.abs(early), np.sqrt(np.nanmean(early**2, axis=0)))
    moved = ~(np.abs(late - early) <= 1.5e-6 * size) & ~(np.isnan(late) & np.isnan(early))
    assert (moved[settled].mean(axis=0) < 1e-4).all()
