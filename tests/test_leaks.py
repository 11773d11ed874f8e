"""Every classical leak: impossible here, refused, held, or at least said. ``docs/honesty.md``."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from edgekeeper.config import LineConfig, parse_config
from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.market import read_bars
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.splits import CrossValidation, HoldOut, PurgedKFold
from edgekeeper.train import TrainingData, feature_set_of, train_candidate
from edgekeeper.worlds import make_world

CONFIG = parse_config({})


@pytest.fixture(scope="module")
def bars():
    return make_world("noise", seed=31, symbols=4, bars=700).bars


@pytest.mark.parametrize("text", ["lag(close, -1)", "delta(close, -5)", "mean(close, -3)"])
def test_shifting_a_column_from_the_future_is_impossible(text):
    """A column that comes along with the future in it is held: ``tests/test_honesty.py``."""
    with pytest.raises(UsageError, match="expected"):
        FeatureSet({"leak": text})


@pytest.mark.parametrize("text", ["label", "target", "net_return", "mean(label, 20)"])
def test_encoding_the_target_is_impossible(bars, text):
    with pytest.raises(UsageError, match=r"label|target|net_return"):
        FeatureSet({"leak": text}).matrix(bars)


@pytest.mark.parametrize("learner", ["logistic", "lightgbm"])
def test_nothing_fitted_sees_the_hold_out(bars, learner):
    """Scaler, bins, trees, early stopping, heads: the same bits whatever the newest rows hold."""
    line = LineConfig(name="x", learner=learner)
    data = TrainingData.prepare(bars, feature_set_of(line, bars)[0], CONFIG)
    now = int(bars.event_time[-1])

    def judged(data):
        return train_candidate(data, line, CONFIG, now_ns=now, seed=1, hold_out=HoldOut(0.2))

    first = judged(data)
    garbled = data.matrix.copy()
    garbled[first.hold_out] = 1e6 * garbled[first.hold_out] + 7.0
    second = judged(replace(data, matrix=garbled))
    width = data.matrix.shape[1]
    assert first.judged.fitted.to_onnx(width) == second.judged.fitted.to_onnx(width)
    assert first.judged.heads.to_json() == second.judged.heads.to_json()
    assert first.shipped.heads.to_json() != second.shipped.heads.to_json()  # these may


def test_a_fact_written_late_is_joined_when_it_was_written():
    """The same numbers, stamped truthfully: past returns, and no news to anybody."""
    late = make_world("leak", seed=5, symbols=3, bars=500, declared="late").bars
    hint = evaluate("HINT.value", late)
    past = evaluate("ret(close, 10)", late)
    known = np.isfinite(hint) & np.isfinite(past)
    assert known.sum() > 1_000
    np.testing.assert_allclose(hint[known], past[known], rtol=1e-9)


def test_overlapping_labels_leak_through_a_shuffled_split_and_not_through_ours():
    """Neighbours' labels share nine of ten returns: mixing them finds skill in noise."""
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier

    random = np.random.default_rng(4)
    rows, horizon = 3_000, 10
    noise = random.standard_normal(rows + horizon)
    target = (np.convolve(noise, np.ones(horizon), "valid")[:rows] > 0).astype(int)
    slow = np.cumsum(random.standard_normal((rows, 4)), axis=0)
    start = np.arange(rows)
    learner = KNeighborsClassifier(5)

    def auc(splits):
        score = cross_val_predict(learner, slow, target, cv=splits, method="predict_proba")[:, 1]
        return roc_auc_score(target, score)

    shuffled = KFold(5, shuffle=True, random_state=0)
    assert auc(shuffled) > 0.7
    assert auc(CrossValidation(PurgedKFold(5), start, start + horizon)) < 0.55


def test_no_order_fills_in_the_bar_that_caused_it(bars):
    rule = np.sign(evaluate("ret(close, 1)", bars))
    feed = MarketFeed(
        bars,
        np.full(len(bars), 0.02),
        np.nan_to_num(rule).astype(np.int8),
        max_age_ns=10**9,
    )
    parameters = book_parameters(CONFIG, periods_per_year=252, virtual=False)
    log = Book(parameters, len(bars.symbols), 1e5).step(feed.chunk(0, len(feed.instants)))
    trades = log.trade_records[: log.counts[0]]
    assert len(trades) > 100
    assert (trades["entered_at"] > trades["decided_at"]).all()
    at = {
        (int(symbol), int(time)): price
        for symbol, time, price in zip(bars.symbol, bars.event_time, bars.open, strict=True)
    }
    opens = [at[int(trade["symbol"]), int(trade["entered_at"])] for trade in trades]
    np.testing.assert_allclose(trades["entry_price"], opens)


def daily(tmp_path, symbols, *, last=None, columns=("open", "high", "low", "close")):
    days = pl.date_range(pl.date(2018, 1, 1), pl.date(2021, 6, 1), "1d", eager=True)
    price = 100.0 + np.arange(len(days)) % 7
    for symbol in symbols:
        table = pl.DataFrame({"date": days, **dict.fromkeys(columns, price)})
        if symbol == last:
            table = table.head(500)
        table.write_csv(tmp_path / f"{symbol}.csv")
    return read_bars(tmp_path).assumptions


def test_an_adjusted_close_alone_is_flagged(tmp_path):
    said = daily(tmp_path, ["A"], columns=("open", "high", "low", "adj_close"))
    assert any("looks back from the future" in line for line in said)


def test_a_list_on_which_nothing_ever_ends_is_flagged(tmp_path):
    said = daily(tmp_path, ["A", "B", "C"])
    assert any("trade until the data ends" in line for line in said)


def test_a_list_with_a_symbol_that_ended_is_not(tmp_path):
    said = daily(tmp_path, ["A", "B", "C"], last="C")
    assert not any("trade until the data ends" in line for line in said)
