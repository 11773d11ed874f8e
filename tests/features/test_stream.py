import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.features import FeatureSet

FEATURES = {"a": "rsi(close, 5)", "b": "corr(close, volume, 7)", "c": "max(high, 9)", "h": "hour"}


def instant(bars: Bars, t: int) -> Bars:
    return bars.rows(int(bars.instant_offsets[t]), int(bars.instant_offsets[t + 1]))


@pytest.fixture
def features():
    return FeatureSet(FEATURES)


def test_rows_come_in_the_asked_order_and_the_absent_are_missing(features, bars_of):
    bars = bars_of(3, 60)
    table = features.matrix(bars)
    stream = features.stream(["S2", "S9", "S0", "S1"])
    for t in range(60):
        rows = stream.update(instant(bars, t).to_polars())
        np.testing.assert_array_equal(rows[[2, 3, 0]], table[3 * t : 3 * t + 3])
        assert np.isnan(rows[1]).all()
    assert rows.dtype == np.float32


def test_saved_anywhere_and_restored_nothing_changes(features, bars):
    table = features.matrix(bars)
    stream = features.stream(bars.symbols)
    for t in range(80):
        part = instant(bars, t)
        rows = stream.update(part)
        np.testing.assert_array_equal(
            rows[part.symbol], table[bars.event_time == part.event_time[0]]
        )
        moved = features.stream(bars.symbols)
        moved.restore(stream.state())
        assert moved.state() == stream.state()
        stream = moved


def test_a_stream_only_goes_forward(features, bars):
    stream = features.stream(bars.symbols)
    stream.update(instant(bars, 3))
    before = stream.state()
    for again in (3, 2):
        with pytest.raises(BadData, match="only goes forward"):
            stream.update(instant(bars, again))
    with pytest.raises(BadData, match="one instant"):
        stream.update(bars.rows(20, 40))
    with pytest.raises(BadData, match="empty frame"):
        stream.update(bars.to_polars().head(0))
    assert stream.state() == before
    restored = features.stream(bars.symbols)
    restored.restore(before)
    with pytest.raises(BadData, match="only goes forward"):
        restored.update(instant(bars, 3))


def test_symbols_may_come_one_by_one(features, bars_of):
    bars = bars_of(2, 30)
    table = features.matrix(bars)
    stream = features.stream(bars.symbols)
    for row in range(len(bars)):
        got = stream.update(bars.rows(row, row + 1))
        np.testing.assert_array_equal(got[row % 2], table[row])


def test_unknown_symbols_and_columns_are_refused(features, bars, bars_of):
    with pytest.raises(UsageError, match=r"unknown symbol 'S0'"):
        features.stream(["S1", "S2"]).update(instant(bars_of(3, 5), 0))
    with pytest.raises(UsageError, match="need the column"):
        FeatureSet({"x": "OIL.close"}).stream(bars.symbols).update(instant(bars, 0))
    for symbols in ([], ["A", "A"]):
        with pytest.raises(UsageError, match="distinct symbols"):
            features.stream(symbols)


def test_push_takes_arrays(bars_of):
    bars = bars_of(2, 40)
    features = FeatureSet({"a": "ema(close, 5) / open", "b": "volume"})
    table = features.matrix(bars)
    stream = features.stream(bars.symbols)
    columns = np.array([getattr(bars, name) for name in stream.columns])
    for t in range(40):
        rows = stream.push(columns[:, 2 * t : 2 * t + 2])
        np.testing.assert_array_equal(rows, table[2 * t : 2 * t + 2])
    absent = stream.push(columns[:, :2], np.array([True, False]))
    assert np.isnan(absent[1]).all()
    assert not np.isnan(absent[0]).any()
    with pytest.raises(UsageError, match="expected inputs"):
        stream.push(columns)


def test_damaged_or_foreign_state_is_refused_and_changes_nothing(features, bars):
    stream = features.stream(bars.symbols)
    for t in range(20):
        stream.update(instant(bars, t))
    good = stream.state()
    other = FeatureSet({"x": "close"}).stream(bars.symbols).state()
    fewer = features.stream(bars.symbols[:2]).state()
    flipped = bytearray(good)
    flipped[-9] ^= 1
    head, _, body = good.partition(b"\n{")
    broken = head + b"\n[" + body
    wrong = [b"", b"nonsense", good[:-8], good + b"\0" * 8, bytes(flipped), other, fewer, broken]
    for data in wrong:
        with pytest.raises(BadData):
            stream.restore(data)
        assert stream.state() == good
