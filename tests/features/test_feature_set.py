import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import polars as pl
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.features import OPS, FeatureSet, evaluate


def value(text: str, bars: Bars) -> np.ndarray:
    return evaluate(text, bars)


def close_of(bars: Bars, symbol: int) -> tuple[np.ndarray, np.ndarray]:
    rows = np.flatnonzero(bars.symbol == symbol)
    return rows, bars.close[rows]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("close > open", "open < close"),
        ("20 < rsi(close) < 80", "rsi(close) > 20 and rsi(close, 14) < 80"),
        ("close != open", "not close == open"),
        ("-close ** 2", "-(close * close)"),
        ("close - -1", "close + 1"),
        ("+close * 2 ** 3", "close * 8"),
        ("ema(close, n=9)", "ema(close, 9)"),
        ("lag(close)", "lag(close, 1)"),
        ("sum(close, 2 + 3)", "sum(close, 5)"),
        ("macd(fast=3, slow=7)", "ema(close, 3) - ema(close, 7)"),
        ('column("SPY.close")', "SPY.close"),
        ("close\n  + open", "close + open"),
    ],
)
def test_equivalent_texts_give_equal_values(bars, text, same):
    np.testing.assert_array_equal(value(text, bars), value(same, bars))


def test_the_hash_is_of_the_calculation(monkeypatch):
    plain = FeatureSet({"x": "close - lag(close, 1)"})
    assert plain.hash == FeatureSet({"x": "delta()"}).hash
    assert plain.hash != FeatureSet({"y": "delta()"}).hash
    assert plain.hash != FeatureSet({"x": "close - lag(close, 2)"}).hash
    assert plain.hash != FeatureSet({"x": "close - lag(open, 1)"}).hash
    assert len(plain.hash) == 64
    assert hash(plain) == hash(FeatureSet({"x": "delta()"}))
    from dataclasses import replace

    monkeypatch.setitem(OPS, "lag", replace(OPS["lag"], version=2))
    assert plain.hash != FeatureSet({"x": "close - lag(close, 1)"}).hash


def test_the_hash_never_changes_by_accident():
    # Caches and packages hold on to it: change an op's version, not this value.
    assert FeatureSet({"x": "ema(close, 9)"}).hashes[0].startswith("176a5a49243ea57c")


def test_shared_calculations_are_done_once():
    features = FeatureSet({"a": "macd()", "b": "macd_signal()", "c": "macd_histogram()"})
    emas = [node for node in features._graph.nodes if node.op == "ema"]
    assert len(emas) == 3


def test_what_a_set_says_of_itself():
    features = FeatureSet({"a": "rsi(close, 14)", "b": "corr(close, SPY.close, 60)", "c": "hour"})
    assert features.names == ("a", "b", "c")
    assert features.columns == ("close", "SPY.close", "hour")
    assert features.lookbacks == (14, 59, 0)
    assert features.lookback == 59
    assert features.warm_ups[0] > 200
    assert features.warm_up == max(features.warm_ups)
    assert len(features) == 3
    assert features.without("b").names == ("a", "c")
    assert features.with_("d", "close").names == ("a", "b", "c", "d")
    with pytest.raises(UsageError, match="exists already"):
        features.with_("a", "close")
    with pytest.raises(FrozenInstanceError):
        features.expressions = {}
    with pytest.raises(TypeError):
        features.expressions["z"] = "close"


def test_a_worker_process_compiles_anew(bars):
    features = FeatureSet.from_catalogue("technical")
    features.matrix(bars)
    copy = pickle.loads(pickle.dumps(features))
    assert copy == features
    assert "plan" not in vars(copy)
    np.testing.assert_array_equal(copy.matrix(bars), features.matrix(bars))


def test_rows_are_in_canonical_order_and_history_is_per_symbol(bars):
    got = value("lag(close, 3)", bars)
    for symbol in range(3):
        rows, close = close_of(bars, symbol)
        np.testing.assert_array_equal(got[rows[3:]], close[:-3])
        assert np.isnan(got[rows[:3]]).all()


def test_compute_gives_a_frame(bars):
    frame = FeatureSet({"gap": "open / lag(close) - 1", "hour": "hour"}).compute(bars.to_polars())
    assert frame.columns == ["timestamp", "symbol", "gap", "hour"]
    assert frame.schema["gap"] == pl.Float32
    assert frame.schema["timestamp"] == pl.Datetime("ns", "UTC")
    assert frame.height == len(bars)
    assert frame["symbol"].to_list()[:3] == [bars.symbols[s] for s in bars.symbol[:3]]


def test_a_missing_column_is_named_and_the_rest_goes_on(bars_of):
    bars = bars_of(2, 50, context=False)
    features = FeatureSet({"a": "SPY.close / VIX.close", "b": "close", "c": "SPY.clse + 1"})
    with pytest.raises(UsageError, match=r"need the column 'SPY.close'.*available"):
        features.matrix(bars)
    left, dropped = features.available(bars)
    assert left.names == ("b",)
    assert dropped == {"a": ("SPY.close", "VIX.close"), "c": ("SPY.clse",)}
    with pytest.raises(UsageError, match=r"did you mean 'SPY.close'"):
        features.matrix(bars_of(2, 50))
    with pytest.raises(UsageError, match="none of those needed"):
        FeatureSet({"a": "SPY.close"}).available(bars)
    assert features.without("a", "c").available(bars)[0].names == ("b",)


def test_splits_are_seen_through():
    close = np.array([100.0, 102.0, 51.5, 52.0])
    bars = Bars.from_arrays(
        symbol=["A"] * 4,
        event_time=np.arange(4) * 10**9,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=np.array([10.0, 10.0, 20.0, 20.0]),
        adjustment=np.array([1.0, 1.0, 2.0, 2.0]),
    )
    assert value("ret(close)", bars)[2] == pytest.approx(103 / 102 - 1)
    assert value("volume", bars).tolist() == [10.0] * 4
    features = FeatureSet({"r": "ret(close)", "v": "volume"})
    stream = features.stream(["A"])
    live = [stream.update(bars.rows(k, k + 1))[0] for k in range(4)]
    np.testing.assert_array_equal(np.array(live), features.matrix(bars))


def test_numbers_too_large_for_float32_are_missing(bars):
    table = FeatureSet({"x": "close * 1e300", "y": "exp(close * 100)"}).matrix(bars)
    assert np.isnan(table).all()
    assert np.isfinite(evaluate("close * 1e300", bars)).all()


def test_out_is_filled_and_checked(bars):
    features = FeatureSet({"x": "close", "y": "close"})
    table = np.zeros((len(bars), 2), dtype=np.float32)
    assert features.matrix(bars, out=table) is table
    np.testing.assert_array_equal(table[:, 0], bars.close.astype(np.float32))
    np.testing.assert_array_equal(table[:, 0], table[:, 1])
    for wrong in (
        np.zeros((3, 2), np.float32),
        np.zeros((len(bars), 2)),
        np.zeros((2, len(bars)), np.float32).T,
    ):
        with pytest.raises(UsageError, match="expected out"):
            features.matrix(bars, out=wrong)


@pytest.mark.parametrize("wrong", [{"chunk": 0}, {"threads": 0}, {"dtype": np.int32}])
def test_wrong_options_are_refused(bars, wrong):
    with pytest.raises(UsageError):
        FeatureSet({"x": "close"}).matrix(bars, **wrong)


@pytest.mark.parametrize("frame", [pl.DataFrame(), {"close": [1.0]}, None, 3])
def test_what_is_no_frame_of_bars_is_refused(frame):
    with pytest.raises(BadData):
        FeatureSet({"x": "close"}).compute(frame)


def test_one_bar_is_enough(bars_of):
    table = FeatureSet.from_catalogue("technical", "calendar").matrix(bars_of(1, 1))
    assert table.shape == (1, 51)
    assert np.isnan(table[0, 0])


def test_long_windows_on_short_histories_are_missing(bars_of):
    assert np.isnan(value("corr(close, open, 131072)", bars_of(2, 10))).all()


def test_rules_in_the_same_language(bars):
    rule = value("cross_over(ema(close, 9), ema(close, 21)) and adx(14) > 20", bars)
    assert set(np.unique(rule[~np.isnan(rule)])) == {0.0, 1.0}
