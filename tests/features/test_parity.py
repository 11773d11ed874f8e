"""Whatever the expression and however the rows are cut, batch and stream give the same bits."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.bars import Bars
from edgekeeper.errors import UsageError
from edgekeeper.features import CATALOGUES, OPS, FeatureSet

CHUNKS = (1, 7, 64)

columns = st.sampled_from(
    ["open", "high", "low", "close", "volume", "SPY.close", "VIX.close", "hour", "weekday"]
)
numbers = st.floats(-3, 3).map(lambda x: f"{x:.3g}")
windows = st.integers(4, 40)
one_input = [
    op.name for op in OPS.values() if op.inputs == 1 and [p.name for p in op.params] == ["n"]
]
plain = [op.name for op in OPS.values() if op.inputs == 1 and not op.params]
two_inputs = ["minimum", "maximum", "cross_over", "cross_under", "fill"]
pairs = ["corr", "cov", "beta"]
across = ["cs_rank", "cs_zscore", "cs_demean", "cs_mean"]
within = ["sum_within", "max_within", "min_within", "first_within", "last_before"]
lengths = st.sampled_from(["2h", "5h", "1d"])
keys = st.sampled_from(["session", "week_number", "hour"])
signs = ["+", "-", "*", "/", "<", "<=", ">", "==", "!=", "and", "or"]


def call(parts):
    return f"{parts[0]}({', '.join(map(str, parts[1:]))})"


def deeper(inner):
    return st.one_of(
        st.tuples(inner, st.sampled_from(signs), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(st.sampled_from(one_input), inner, windows).map(call),
        st.tuples(st.sampled_from(plain), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(two_inputs), inner, inner).map(call),
        st.tuples(st.sampled_from(pairs), inner, inner, windows).map(call),
        st.tuples(inner, inner, inner).map(lambda t: call(("where", *t))),
        st.tuples(inner, windows).map(lambda t: f"rsi({t[0]}, {t[1]})"),
        st.tuples(inner, st.sampled_from(["2", "-1", "0.5"])).map(lambda t: f"({t[0]}) ** {t[1]}"),
        inner.map(lambda x: f"streak(delta({x}, 1), 9)"),
        st.tuples(lengths, inner).map(lambda t: f'tf("{t[0]}", {t[1]})'),
        st.tuples(st.sampled_from(across), inner).map(lambda t: f"{t[0]}({t[1]})"),
        st.tuples(st.sampled_from(within), inner, keys).map(call),
        st.tuples(inner, keys).map(lambda t: f"garch_fit({t[0]}, {t[1]}, 50)"),
        st.tuples(inner, keys).map(lambda t: f"mixture({t[0]}, {t[1]}, 50)"),
        st.tuples(inner, inner, keys).map(lambda t: f"markov_label({', '.join(t)}, 50)"),
        st.tuples(inner, windows).map(lambda t: f"profile_peak({t[0]}, abs({t[0]}), {t[1]})"),
        st.tuples(inner, inner).map(lambda t: f"sar({t[0]}, {t[1]})"),
        st.tuples(inner, inner, inner).map(lambda t: call(("ratchet", *t))),
        inner.map(lambda x: f"bars_since({x} > lag({x}, 2), 9)"),
    )  # fmt: skip


expressions = st.recursive(st.one_of(columns, columns, numbers), deeper, max_leaves=6)


def readable(text):
    try:
        FeatureSet({"x": text})
    except UsageError:  # constants without a number, no column at all, a tf within another
        return False
    return True


@cache
def hard_bars() -> Bars:
    """Missing bars, missing volume and context, constant prices, zeros, jumps, tiny numbers."""
    rng = np.random.default_rng(1)
    symbols, instants = 3, 230
    shape = (instants, symbols)
    close = 50 * np.exp((rng.standard_normal(shape) * 0.02).cumsum(axis=0))
    close[60:130, 0] = 42.5
    close[150:, 1] *= 1e4
    volume = np.round(rng.random(shape) * 3)
    volume[rng.random(shape) < 0.1] = np.nan
    context = rng.standard_normal(shape)
    context[rng.random(shape) < 0.2] = np.nan
    context[100:140] = 5e-324
    keep = rng.random(shape).ravel() >= 0.1
    start = np.datetime64("2024-02-27T23:00", "ns").astype(np.int64)
    times = start + np.repeat(np.arange(instants), symbols) * 3_600 * 10**9

    def column(values):
        return np.broadcast_to(values, shape).ravel()[keep]

    return Bars.from_arrays(
        symbol=np.tile(["A", "B", "C"], instants)[keep],
        event_time=times[keep],
        open=column(close),
        high=column(close * np.where(rng.random(shape) < 0.5, 1.0, 1.01)),
        low=column(close),
        close=column(close),
        volume=column(volume),
        context={"SPY.close": column(context), "VIX.close": column(np.abs(context))},
    )


def same_bits(left, right):
    return np.array_equal(left, right, equal_nan=True)


def live(features: FeatureSet, bars: Bars, moves: int = 5) -> np.ndarray:
    """Bar by bar; now and then the memory moves to a new stream."""
    stream = features.stream(bars.symbols)
    out = np.empty((len(bars), len(features)), dtype=np.float32)
    each = max(1, len(bars.instants) // moves)
    for k, (start, stop) in enumerate(pairwise(bars.instant_offsets)):
        if k % each == each - 1:
            memory, stream = stream.state(), features.stream(bars.symbols)
            stream.restore(memory)
        rows = bars.rows(start, stop)
        out[start:stop] = stream.update(rows)[rows.symbol]
    return out


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(expressions.filter(readable), min_size=1, max_size=6))
def test_random_expressions(texts):
    bars = hard_bars()
    features = FeatureSet({f"f{k}": text for k, text in enumerate(texts)})
    exact = features.matrix(bars, np.float64)
    for chunk in CHUNKS:
        assert same_bits(exact, features.matrix(bars, np.float64, chunk=chunk))
    assert same_bits(exact, features.matrix(bars, np.float64, threads=3))
    assert not np.isinf(exact).any()
    table = features.matrix(bars)
    with np.errstate(over="ignore"):
        rounded = exact.astype(np.float32)
    assert same_bits(table, np.where(np.isinf(rounded), np.nan, rounded).astype(np.float32))
    assert same_bits(table, live(features, bars))


def test_alone_or_together_an_expression_gives_the_same_bits(bars_of, all_context):
    bars = bars_of(2, 300, gaps=0.1, minutes=60, context=all_context)
    features = FeatureSet.from_catalogue(*CATALOGUES)
    table = features.matrix(bars)
    for column in range(0, len(features), 23):
        alone = FeatureSet({"x": features.texts[column]}).matrix(bars)[:, 0]
        assert same_bits(alone, table[:, column])


def test_all_catalogues_in_all_chunks_threads_and_live(all_context):
    bars = hard_bars()
    rng = np.random.default_rng(6)
    missing = [name for name in all_context if name not in bars.context]
    holes = {
        name: np.where(rng.random(len(bars)) < 0.1, np.nan, np.exp(rng.standard_normal(len(bars))))
        for name in missing
    }
    bars = replace(bars, context={**bars.context, **holes})
    features = FeatureSet.from_catalogue(*CATALOGUES)
    table = features.matrix(bars)
    for chunk in (*CHUNKS, 10_000):
        assert same_bits(table, features.matrix(bars, chunk=chunk, threads=2))
    assert same_bits(table, live(features, bars))


def test_symbols_do_not_touch_each_other(bars):
    features = FeatureSet.from_catalogue("technical")
    table = features.matrix(bars)
    for s, name in enumerate(bars.symbols):
        rows = np.flatnonzero(bars.symbol == s)
        alone = Bars.from_arrays(
            symbol=[name] * len(rows),
            event_time=bars.event_time[rows],
            **{c: getattr(bars, c)[rows] for c in ("open", "high", "low", "close", "volume")},
        )
        assert same_bits(table[rows], features.matrix(alone))


def test_the_strategy_reaches_most_ops():
    assert len({*one_input, *plain, *two_inputs, *pairs}) >= 25


def test_long_histories_of_minutes(bars_of):
    """Minutes of half a year: longer bars, sessions, quarters and long windows all turn over."""
    texts = {
        "trend": 'tf("1h", ema(close, 50)) / tf("1d", sma(close, 20)) - 1',
        "vwap": "close / session_vwap() - 1",
        "share": "cs_rank(session_sum(volume))",
        "opening": "close / opening_high(30)",
        "rank": 'tf("4h", rank(close, 100)) - rank(close, 1000)',
        "mean": "zscore(close, 20000)",
        "garch": "garch(logret(close), 500, week_number)",
        "atr": "natr(14)",
        "spread": "var(close, 10000)",
    }
    bars = bars_of(2, 130_000, minutes=2, gaps=0.02, context=False)
    features = FeatureSet(texts)
    table = features.matrix(bars)
    assert np.isfinite(table[-1000:]).all()
    assert same_bits(table, features.matrix(bars, chunk=997, threads=2))
    part = bars.rows(0, 30_000)
    assert same_bits(table[:30_000], live(features, part, moves=3))
    late = features.matrix(bars.rows(100_000, len(bars)), np.float64)[-1000:]
    exact = features.matrix(bars, np.float64)[-1000:]
    np.testing.assert_allclose(late, exact, rtol=1e-6, atol=1e-9)
