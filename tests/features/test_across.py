"""Comparisons of symbols at an instant, against SciPy and NumPy row by row."""

import numpy as np
import pytest
from scipy.stats import rankdata

from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet, evaluate


def by_instant(bars, values, function):
    out = np.full(len(bars), np.nan)
    for first, stop in zip(bars.instant_offsets, bars.instant_offsets[1:], strict=False):
        known = first + np.flatnonzero(~np.isnan(values[first:stop]))
        if len(known):
            out[known] = function(values[known])
    return out


REFERENCES = {
    "cs_rank": lambda x: rankdata(x) / len(x),
    "cs_demean": lambda x: x - x.mean(),
    "cs_mean": lambda x: np.full(len(x), x.mean()),
    "cs_zscore": lambda x: (x - x.mean()) / x.std() if x.std() > 1e-12 else np.full(len(x), np.nan),
}


@pytest.mark.parametrize("name", REFERENCES)
def test_equals_the_reference(bars_of, name):
    bars = bars_of(9, 300, gaps=0.3)
    for inner in ("lag(close, 3)", "close > open"):
        got = evaluate(f"{name}({inner})", bars)
        want = by_instant(bars, evaluate(inner, bars), REFERENCES[name])
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_comparisons_nest_and_go_into_anything(bars_of):
    bars = bars_of(5, 400, gaps=0.1)
    relative = evaluate("cs_demean(logret(close))", bars)
    got = evaluate("cs_rank(ema(cs_demean(logret(close)), 5))", bars)
    assert np.isnan(relative).sum() == 5
    assert len(FeatureSet({"x": "cs_rank(ema(cs_demean(logret(close)), 5))"}).plan.stages) == 3
    assert set(np.round(got[-5:] * 5, 6)) <= {1.0, 2.0, 3.0, 4.0, 5.0}
    averaged = evaluate("ema(cs_demean(logret(close)), 5)", bars)
    np.testing.assert_array_equal(got, by_instant(bars, averaged, REFERENCES["cs_rank"]))


def test_the_order_of_symbols_in_a_stream_changes_no_bit(bars_of):
    bars = bars_of(7, 120, gaps=0.2)
    features = FeatureSet({"a": "cs_zscore(ret(close))", "b": "cs_mean(close) * cs_rank(volume)"})
    table = features.matrix(bars)
    symbols = ("S3", "S0", "S6", "S5", "S1", "S4", "S2")
    stream = features.stream(symbols)
    for first, stop in zip(bars.instant_offsets, bars.instant_offsets[1:], strict=False):
        rows = bars.rows(first, stop)
        live = stream.update(rows)[[symbols.index(bars.symbols[s]) for s in rows.symbol]]
        np.testing.assert_array_equal(live, table[first:stop])


def test_one_symbol_alone_has_a_rank_and_no_spread(bars_of):
    bars = bars_of(1, 20)
    assert (evaluate("cs_rank(close)", bars) == 1.0).all()
    assert (evaluate("cs_demean(close)", bars) == 0.0).all()
    assert np.isnan(evaluate("cs_zscore(close)", bars)).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cs_rank()", r"cs_rank\(x\)"),
        ("cs_rank(close, 5)", r"cs_rank\(x\)"),
        ("cs_rank(5) + close", "got a constant"),
        ("cs_rank", r"expected cs_rank\(...\)"),
        ("cs_rnk(close)", "did you mean 'cs_rank'"),
    ],
)
def test_wrong_use_is_refused(text, message):
    with pytest.raises(UsageError, match=message):
        FeatureSet({"x": text})
