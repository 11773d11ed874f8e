import json
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import UsageError
from edgekeeper.ledger import canonical_json
from edgekeeper.ledger.values import cast_column, cast_row_count

KINDS = {"a": int, "b": float}


@given(st.lists(st.none() | st.floats(), min_size=1))
def test_floats_keep_their_value_and_lose_nan_and_minus_zero(values):
    array = np.array(values, dtype=float)
    for given_as in (values, array, pl.Series(values, dtype=pl.Float64)):
        cast = cast_column("t.c", given_as, float, len(values))
        for item, out in zip(array, cast, strict=True):
            if math.isnan(item):
                assert out is None
            else:
                assert out == item
                assert math.copysign(1, out) == 1 or out < 0


@given(st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_whole_numbers_are_exact_with_and_without_gaps(values):
    assert list(cast_column("t.c", values, int, len(values))) == values
    with_nan = [float("nan") if v is None else v for v in values]
    assert list(cast_column("t.c", with_nan, int, len(values))) == values


@given(st.lists(st.none() | st.text(st.characters(exclude_characters="\x00", codec="utf-8"))))
def test_text_comes_through(values):
    for given_as in (values, np.array(values, dtype=object)):
        assert list(cast_column("t.c", given_as, str, len(values))) == values


def test_times_of_numpy_become_nanoseconds_and_nat_unknown():
    days = np.array(["1970-01-02", "NaT"], dtype="datetime64[D]")
    assert cast_column("t.c", days, int, 2) == [86_400 * 10**9, None]


def test_masked_values_are_unknown_not_what_lies_under_the_mask():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    assert cast_column("t.c", masked, float, 2) == [1.0, None]


def test_one_value_stands_for_every_row():
    assert cast_column("t.c", "x", str, 3) == ["x"] * 3
    assert cast_column("t.c", np.float64(2), float, 2) == [2.0, 2.0]
    assert cast_column("t.c", np.array(2.0), float, 2) == [2.0, 2.0]
    assert cast_column("t.c", None, int, 2) == [None, None]
    assert cast_row_count("t", {"a": 1, "b": [1.0, 2.0]}, KINDS) == 2
    assert cast_row_count("t", {"a": 1, "b": 2.0}, KINDS) == 1
    assert cast_row_count("t", {"a": [], "b": 2.0}, KINDS) == 0


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1"], float),
        ("1", int),
        ([1.0, "x"], float),
        ([1j], float),
        ([{}], float),
        ([[1.0], [2.0, 3.0]], float),
        (np.zeros((1, 2)), float),
        ({1.0}, float),
        ((x for x in [1]), float),
        ([10**30], float),
        ([1.5], int),
        ([float("inf")], int),
        ([2**63], int),
        ([float(2**60)], int),
        (np.array([2.0**60]), int),
        (np.array([2**63], dtype=np.uint64), int),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), float),
        ([1], str),
        ([b"x"], str),
        (["a\x00b"], str),
        (["\ud800"], str),
        (np.zeros((1, 2)), str),
    ],
)
def test_what_cannot_be_stored_exactly_is_refused_with_its_place(values, kind):
    with pytest.raises(UsageError, match=r"table\.column: expected"):
        cast_column("table.column", values, kind, 1)


def test_wrong_names_and_lengths_are_named():
    with pytest.raises(UsageError, match="did you mean 'beta'"):
        cast_row_count("t", {"betta": 1}, {"beta": int})
    with pytest.raises(UsageError, match="a 2, b 3"):
        cast_row_count("t", {"a": [1, 2], "b": [1, 2, 3]}, KINDS)


def test_json_columns_take_mappings_and_leave_text_alone():
    cast = cast_column("t.x_json", [{"b": np.float64("nan"), "a": [1]}, '{"z": 1}', None], str, 3)
    assert cast == ['{"a":[1],"b":null}', '{"z": 1}', None]


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(), plain))
def test_canonical_json_round_trips_and_ignores_the_order_of_keys(value):
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(dict(reversed(value.items()))) == text


def test_canonical_json_refuses_what_json_cannot_say():
    with pytest.raises(UsageError, match="object"):
        canonical_json({"a": object()})
