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
    begin = time.perf_counter()
    with pytest.raises(UsageError, match=HOSTILE[text]):
        FeatureSet({"x": text})
    assert time.perf_counter() - begin < 0.5


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
    begin = time.perf_counter()
    with pytest.raises(UsageError, match="at most 2000 features"):
        FeatureSet({f"f{k}": f"close + {k}" for k in range(10_000)})
    with pytest.raises(UsageError, match="MB"):
        FeatureSet({f"f{k}": f"corr(open, close, {100_000 + k})" for k in range(50)})
    assert time.perf_counter() - begin < 2.0


@pytest.mark.parametrize("name", ["", "a b", "1a", "timestamp", "symbol", "é", "a" * 65, 7, "_x"])
def test_names_that_cannot_be_columns_are_refused(name):
    with pytest.raises(UsageError, match="feature names"):
        FeatureSet({name: "close"})


def test_no_features_are_refused():
    for nothing in ({}, None, ["close"]):
        with pytest.raises(UsageError, match="at least one feature"):
            FeatureSet(nothing)
