import math
from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.errors import BadData, UsageError
from edgekeeper.features import OPS, FeatureSet, Op, register, window
from edgekeeper.features.ops.op import when_compiling
from edgekeeper.testing.ops import check_op, check_ops, run_op


def as_it_is(n, x, out, params, state):
    for i in range(n):
        out[i] = x[i]


def test_who_listens_hears_of_kernels_that_were_compiled(monkeypatch, tmp_path):
    heard: list[str] = []
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("edgekeeper.features.ops.op._listeners", [])
    when_compiling(heard.append)
    Op("as_it_is", as_it_is, 1).address()
    assert heard == ["as_it_is"]


def test_every_op_keeps_its_promises():
    assert check_ops() == len(OPS)
    assert len(OPS) >= 50


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [2.0, 64.0, 200.0])
@pytest.mark.parametrize("name", ["sum", "min", "argmax", "mad", "wma", "lag", "slope", "rank"])
def test_windows_as_long_as_chunks_and_longer(name, size, seed):
    check_op(OPS[name], (size,), seed)


@pytest.mark.parametrize("size", [1.0, 2.0, 3.0, 14.0, 20.0])
@pytest.mark.parametrize("name", ["sum", "min", "max", "argmax", "mad", "ema", "var", "corr"])
def test_chunks_with_and_without_gaps_give_the_same_bits(name, size):
    op = OPS[name]
    rng = np.random.default_rng(5)
    inputs = 50 + rng.standard_normal((op.inputs, 3_000)).cumsum(axis=1)
    inputs[:, [0, 700, 701, 1_500, 2_999]] = np.nan
    inputs[0, 1_000:1_100] = 0.0
    params = (max(size, op.params[0].low), *(p.default or 0.0 for p in op.params[1:]))
    one_by_one = run_op(op, inputs, params, 1)
    for chunk in (17, 256, 512, 3_000):
        np.testing.assert_array_equal(
            run_op(op, inputs, params, chunk).view(np.int64), one_by_one.view(np.int64)
        )


def peeking(n, x, out, params, state):
    for i in range(n):
        out[i] = x[i + 1] if i + 1 < n else x[i]


def forgetful(n, x, out, params, state):
    total = 0.0
    for i in range(n):
        total += x[i]
        out[i] = total


def greedy(n, x, out, params, state):
    for i in range(n):
        state[1] = x[i]
        out[i] = x[i]


def endless(n, x, out, params, state):
    for i in range(n):
        if x[i] == x[i]:
            state[0] += x[i]
            out[i] = state[0]
        else:
            out[i] = math.nan


def zero_for_missing(n, x, out, params, state):
    for i in range(n):
        out[i] = x[i] if x[i] == x[i] else 0.0


def one(params):
    return 1


@pytest.mark.parametrize(
    ("op", "promise"),
    [
        (Op("peeking", peeking, 1), "chunks of 1 change"),
        (Op("forgetful", forgetful, 1), "chunks of 1 change"),
        (Op("greedy", greedy, 1, state_size=one), "beyond"),
        (Op("endless", endless, 1, state_size=one), "trace of the start"),
        (Op("zero", zero_for_missing, 1), "expected NaN where an input is NaN"),
        (replace(OPS["ema"], eight=OPS["ema"].eight, warm_up=one), "warm_up >= lookback"),
    ],
)
def test_the_kit_catches_ops_that_break_a_promise(op, promise):
    with pytest.raises(BadData, match=promise):
        check_op(op)


def doubled(n, x, out, params, state):
    for i in range(n):
        out[i] = 2.0 * x[i]


def test_a_users_own_op_joins_the_language(bars):
    op = Op("doubled", doubled, 1, meaning="Twice the input.")
    check_op(op)
    register(op)
    try:
        got = FeatureSet({"a": "doubled(close)", "b": "close + close"}).matrix(bars)
        assert np.array_equal(got[:, 0], got[:, 1])
    finally:
        del OPS["doubled"]


def test_register_refuses_taken_and_unwritable_names():
    with pytest.raises(UsageError, match="exists already"):
        register(Op("ema", doubled, 1))
    for name in ("tf", "column", "cs_rank", "hold"):
        with pytest.raises(UsageError, match="exists already"):
            register(Op(name, doubled, 1))
    with pytest.raises(UsageError, match="plain name"):
        register(Op("a b", doubled, 1))
    with pytest.raises(UsageError, match="1 to 5"):
        Op("none", doubled, 0)


def test_windows_have_a_largest_size():
    assert window().high == 131_072


def test_stateful_ops_read_huge_and_infinite_numbers_as_missing():
    x = np.array([1.0, np.inf, 2.0, 1e80, 3.0])
    assert run_op(OPS["sum"], [x], (2.0,)).tolist()[2:5:2] == [3.0, 5.0]
    assert np.isnan(run_op(OPS["sum"], [x], (2.0,))[[1, 3]]).all()


# Op to inputs and output worked out by hand; docs/features.md is written from it.
NAN = math.nan
EXAMPLES = {
    "divide": ([[1.0, 0.0, 6.0], [0.0, 0.0, 3.0]], [NAN, NAN, 2.0]),
    "log": ([[-1.0, 0.0, 1.0]], [NAN, NAN, 0.0]),
    "sqrt": ([[-1.0, 0.0, 4.0]], [NAN, 0.0, 2.0]),
    "minimum": ([[1.0, NAN, 3.0], [2.0, 2.0, NAN]], [1.0, NAN, NAN]),
    "maximum": ([[1.0, NAN, 3.0], [2.0, 2.0, NAN]], [2.0, NAN, NAN]),
    "sign": ([[-2.0, 0.0, NAN]], [-1.0, 0.0, NAN]),
    "less": ([[1.0, 2.0, NAN], [2.0, 2.0, 2.0]], [1.0, 0.0, NAN]),
    "less_equal": ([[1.0, 2.0, NAN], [2.0, 2.0, 2.0]], [1.0, 1.0, NAN]),
    "equal": ([[1.0, 2.0, NAN], [2.0, 2.0, NAN]], [0.0, 1.0, NAN]),
    "conjunction": ([[1.0, 0.0, 0.0], [1.0, 1.0, NAN]], [1.0, 0.0, NAN]),
    "disjunction": ([[0.0, 0.0, 1.0], [1.0, 0.0, NAN]], [1.0, 0.0, NAN]),
    "negation": ([[0.0, 2.0, NAN]], [1.0, 0.0, NAN]),
    "where": ([[1.0, 0.0, NAN], [5.0, NAN, 5.0], [NAN, 6.0, 6.0]], [5.0, 6.0, NAN]),
    "fill": ([[1.0, NAN], [5.0, 6.0]], [1.0, 6.0]),
    "streak": ([[1.0, 2.0, 0.0, -1.0, -1.0]], [1.0, 2.0, 0.0, -1.0, -2.0]),
    "bars_since": ([[0.0, 1.0, 0.0, 0.0]], [NAN, 0.0, 1.0, 2.0]),
    "cross_over": ([[1.0, 3.0, 2.0, 4.0], [2.0, 2.0, 2.0, 2.0]], [NAN, 1.0, 0.0, 1.0]),
    "cross_under": ([[3.0, 1.0, 2.0, 1.0], [2.0, 2.0, 2.0, 2.0]], [NAN, 1.0, 0.0, 1.0]),
    "add": ([[1.0, 2.0, NAN], [3.0, NAN, 1.0]], [4.0, NAN, NAN]),
    "subtract": ([[1.0, 2.0], [3.0, NAN]], [-2.0, NAN]),
    "multiply": ([[2.0, 0.0], [3.0, NAN]], [6.0, NAN]),
    "negate": ([[2.0, NAN]], [-2.0, NAN]),
    "abs": ([[-2.0, 0.0, NAN]], [2.0, 0.0, NAN]),
    "exp": ([[0.0, NAN]], [1.0, NAN]),
    "tanh": ([[0.0, 40.0, -40.0]], [0.0, 1.0, -1.0]),
    "sin": ([[0.0, NAN]], [0.0, NAN]),
    "cos": ([[0.0, NAN]], [1.0, NAN]),
    "first_within": (
        [[7.0, 8.0, 9.0, 4.0, 5.0], [1.0, 1.0, 2.0, 2.0, 3.0]],
        [NAN, NAN, 9.0, 9.0, 5.0],
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_small_examples(name):
    inputs, expected = EXAMPLES[name]
    params = (100.0,) if OPS[name].params else ()
    got = run_op(OPS[name], [np.array(x) for x in inputs], params)
    np.testing.assert_array_equal(got, expected)


# The same with parameters.
WITH_PARAMETERS = {
    "power(x, 2)": ([[-2.0, 3.0]], [4.0, 9.0]),
    "power(x, -1)": ([[-2.0, 4.0]], [-0.5, 0.25]),
    "power(x, 0.5)": ([[-2.0, 4.0]], [NAN, 2.0]),
    "clip(x, -1, 2)": ([[-3.0, 0.5, 7.0, NAN]], [-1.0, 0.5, 2.0, NAN]),
    "ratio(x, 0.5)": ([[1.0, 1.0, NAN], [4.0, 0.25, 1.0]], [0.25, NAN, NAN]),
    "significant(x, 8)": ([[1.001, -1.009, 0.0, NAN]], [1.0, -1.0078125, 0.0, NAN]),
    "lag(x, 2)": ([[1.0, 2.0, 3.0, 4.0]], [NAN, NAN, 1.0, 2.0]),
    "wilder(x, 2)": ([[1.0, 3.0, 6.0, 4.0]], [NAN, 2.0, 4.0, 4.0]),
}


@pytest.mark.parametrize("text", WITH_PARAMETERS)
def test_small_examples_with_parameters(text):
    name, _, numbers = text.removesuffix(")").replace("(x, ", "(").partition("(")
    inputs, expected = WITH_PARAMETERS[text]
    params = tuple(float(number) for number in numbers.split(","))
    got = run_op(OPS[name], [np.array(x) for x in inputs], params)
    np.testing.assert_array_equal(got, expected)


def test_significant_makes_ties_of_what_differs_by_rounding():
    x = np.array([0.1 + 0.2, 0.3, 1e300, -7.0, 0.0, math.nan])
    got = run_op(OPS["significant"], [x], (36.0,))
    assert got[0] == got[1]
    np.testing.assert_allclose(got, x, rtol=2.0**-36)


def test_extremes_stay_capped():
    ones = np.ones(300)
    assert run_op(OPS["streak"], [ones], (10.0,)).max() == 10.0
    never = run_op(OPS["bars_since"], [ones * 0], (10.0,))
    np.testing.assert_array_equal(never[8:11], [math.nan, 10.0, 10.0])
