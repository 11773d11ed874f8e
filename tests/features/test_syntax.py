import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet

HOSTILE = {
    "__import__('os').system('true')": "before the dot|unknown function",
    "close.__class__": "unknown column",
    "().__class__.__bases__": "tuple",
    "open('/etc/passwd')": "unknown function 'open'",
    "eval('1')": "unknown function",
    "lambda: close": "lambda",
    "(lambda x: x)(close)": "lambda",
    "[close for close in open]": "ListComp",
    "{close}": "a set",
    "close[0]": "square brackets",
    "close if high else low": "where",
    "f'{close}'": "f-string",
    "(x := close)": ":=",
    "close; open": "expected an expression",
    "import os": "expected an expression",
    "close = 1": "expected an expression",
    "mean(*close)": r"'\*'",
    "mean(close, **{'n': 5})": "a dictionary",
    "close & open": "write 'and'",
    "~close": "write 'not'",
    "close % 2": "'%'",
    "close is open": "write '=='",
    "close // open": "between constants only",
    "close ** open": "literal exponent",
    "close ** 1000": "literal exponent",
    "True": "expected a number, got True",
    "'close'": "expected a number, got 'close'",
    "1j * close": "expected a number, got 1j",
    "b'x'": "expected a number",
    "...": "expected a number",
    "None": "expected a number",
    "1": "got a constant",
    "close / (1 - 1)  + 1 / 0": "constants without one",
    "9 ** 64 ** 64 * close": "literal exponent",
    "9 ** 64 * 9 ** 64 * 9 ** 64 * 9 ** 64 * 9 ** 64 * 9 ** 64 * close": "constants without one",
    "log(-1) * close": "constants without one",
    "1e999 * close": "below 1e308",
    "9" * 400 + " * close": "below 1e308",
    "sum(close, 0)": "from 1 to 131072 as 'n' of sum, got 0",
    "sum(close, -5)": "got -5",
    "sum(close, 2.5)": "whole number",
    "sum(close, 1e9)": r"got 1e\+09",
    "sum(close, close)": "got a series",
    "min(close, open)": "minimum",
    "sum(close)": "expected 'n' of sum",
    "sum()": r"expected sum\(x, n\)",
    "sum(close, 5, 6)": "got 3 arguments",
    "sum(close, m=5)": "unexpected argument 'm'",
    "sum(close, 5, n=6)": "unexpected argument 'n'",
    "lag(close, -1)": "from 1 to",
    "rsi(close, 14, 3)": r"expected rsi\(x=close, n=14\)",
    "rsi(close, m=3)": "unexpected argument 'm'",
    "rsi(close, x=close)": "unexpected argument 'x'",
    "rsi(close, 0)": "as 'n' of wilder, got 0",
    "mean(close)": "without 'n'",
    "clsoe": "did you mean 'close'",
    "emaa(close, 9)": "did you mean 'ema'",
    "ema": r"expected ema\(...\)",
    "rsi": r"expected rsi\(...\)",
    "SPY.close()": "unknown function 'SPY.close'",
    "close(5)": "unknown function 'close'",
    "SPY._private": "unknown column",
    "sum(close, 5).x": "before the dot",
    'column("a\\nb")': "plain ASCII",
    'column("../x;y")': "column",
    "column(close)": "column",
    'column("a", "b")': "column",
    "": "empty",
    "   ": "empty",
    "close +": "expected an expression",
    "(close": "expected an expression",
    "clоse": "plain ASCII",  # a Cyrillic o
    "close\x00": "plain ASCII",
    "close\u202e": "plain ASCII",
    "cl\u212ase": "plain ASCII",  # the Kelvin sign, which Python would read as a K
    "close  # comment": "plain ASCII",
    "1if close else 2": "expression",
    "-" * 1_900 + "close": "nest",
    "not " * 400 + "close": "nest",
    "(" * 900 + "close" + ")" * 900: "expected an expression|nested",
    "abs(" * 150 + "close" + ")" * 150: "nest",
    "close" + " + close" * 150: "nesting",
    "close" + "+1" * 2_000: "at most 2000 characters",
}


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: t[:30])
def test_hostile_and_wrong_text_is_refused_fast_with_a_reason(text):
    begin = time.thread_time()
    with pytest.raises(UsageError, match=HOSTILE[text]):
        FeatureSet({"x": text})
    assert time.thread_time() - begin < 0.5


@pytest.mark.parametrize("text", [None, 3, b"close", ["close"]])
def test_only_text_is_read(text):
    with pytest.raises(UsageError, match="expected the text"):
        FeatureSet({"x": text})


def test_errors_say_where():
    with pytest.raises(UsageError, match=r"feature 'x': unknown column 'hihg'.* at character 9 of"):
        FeatureSet({"x": "close + hihg"})
    with pytest.raises(UsageError, match="at character 5 of"):
        FeatureSet({"x": "1 + rsi(close, -3)"})


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.one_of(
        st.text(max_size=60),
        st.text(alphabet="()+-*/.,=<>close129 abs_'\"[]{}:@!%&|^~", max_size=60),
    )
)
def test_any_text_is_read_or_refused(text):
    try:
        assert len(FeatureSet({"x": text})) == 1
    except UsageError as error:
        refusal = str(error)
        assert refusal.startswith("feature 'x': ")


pieces = st.sampled_from(
    [
        "close", "open.__class__", "().__class__.__bases__", "__import__('os')", "eval", "exec",
        "getattr(close, '__globals__')", "lambda: 0", "[c for c in close]", "{}", "*close", "1e309",
        "9" * 400, "-0.0", "1_000", "0x1F", "1j", "True", "None", "...", "b'x'", "f'{close}'",
        "'a' 'b'", "\u0441lose", "clos\uff45", "\u2126", "\u00b2", "\u202eclose", "\ud800", "\x00",
        "close;import os", "yield", "await close", "(close := 1)", "SPY.close.real", "SPY..close",
        "_x", "tf", "column", "131072", "131073", "-1", "pi", "rsi", "__builtins__", "session",
    ]
)  # fmt: skip


def wrapped(inner):
    names = st.sampled_from(
        ["rsi", "sum", "ema", "tf", "column", "lag", "where", "markov_label", "profile_peak",
         "garch_fit", "eval", "open", "__import__", "cs_rank", "median", "print"]
    )  # fmt: skip
    return st.one_of(
        st.tuples(names, st.lists(inner, max_size=4)).map(lambda t: f"{t[0]}({', '.join(t[1])})"),
        st.tuples(inner, st.sampled_from(["**", "//", "@", ":=", "if", ".", "<"]), inner).map(
            " ".join
        ),
        st.tuples(inner, inner).map(lambda t: f"rsi(x={t[0]}, n={t[1]})"),
        st.tuples(inner, st.integers(1, 70)).map(lambda t: "abs(" * t[1] + t[0] + ")" * t[1]),
    )


@settings(max_examples=400, deadline=None, derandomize=True)
@given(st.recursive(pieces, wrapped, max_leaves=8))
def test_hostile_pieces_put_together_are_read_or_refused_fast(text):
    begin = time.thread_time()
    try:
        features = FeatureSet({"x": text})
    except UsageError as error:
        refusal = str(error)
        assert refusal.startswith("feature 'x': ")
    else:
        assert all("__" not in column for column in features.columns)
    assert time.thread_time() - begin < 2.0


def test_ten_thousand_hostile_features_are_refused_before_any_is_read():
    texts = {f"f{k}": f"profile_peak(close, volume, {131_072 - k})" for k in range(10_000)}
    begin = time.thread_time()
    with pytest.raises(UsageError, match="at most 2000 features, got 10000"):
        FeatureSet(texts)
    assert time.thread_time() - begin < 0.1
    few = dict(list(texts.items())[:2_000])
    with pytest.raises(UsageError, match="MB a symbol"):
        FeatureSet(few)
    assert time.thread_time() - begin < 5.0


def test_no_blow_up_by_nesting_indicators():
    text = "close"
    for _ in range(25):
        text = f"rsi({text}, 3)"
    features = FeatureSet({"x": text})
    assert len(features.plan.stages[0].program.code) < 500
    with pytest.raises(UsageError, match="distinct calculations"):
        FeatureSet(
            {
                f"f{k}": " + ".join(f"sum(close, {k * 50 + m + 1})" for m in range(40))
                for k in range(600)
            }
        )


def test_too_many_features_and_too_much_memory_are_refused_fast():
    begin = time.thread_time()
    with pytest.raises(UsageError, match="at most 2000 features"):
        FeatureSet({f"f{k}": f"close + {k}" for k in range(10_000)})
    with pytest.raises(UsageError, match="MB"):
        FeatureSet({f"f{k}": f"corr(open, close, {100_000 + k})" for k in range(50)})
    assert time.thread_time() - begin < 2.0


@pytest.mark.parametrize("name", ["", "a b", "1a", "timestamp", "symbol", "é", "a" * 65, 7, "_x"])
def test_names_that_cannot_be_columns_are_refused(name):
    with pytest.raises(UsageError, match="feature names"):
        FeatureSet({name: "close"})


def test_no_features_are_refused():
    for nothing in ({}, None, ["close"]):
        with pytest.raises(UsageError, match="at least one feature"):
            FeatureSet(nothing)
