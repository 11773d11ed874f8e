import contextlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData
from edgekeeper.models.canonical import canonical_bytes, parse, plain, sha256

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(keys, values, max_size=4))
def test_round_trip_is_exact_and_spelled_one_way(record):
    data = canonical_bytes(record)
    assert parse(data, "here") == record
    assert canonical_bytes(dict(reversed(record.items()))) == data


def test_known_spelling_and_hash():
    data = canonical_bytes({"b": [1, 0.1, None], "a": "é"})
    assert data == '{"a":"é","b":[1,0.1,null]}\n'.encode()
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_plain_takes_what_training_makes():
    value = {"a": np.int64(3), "b": (np.bool_(True), np.nan), "c": np.arange(2.0), "d": True}
    assert plain(value) == {"a": 3, "b": [True, None], "c": [0.0, 1.0], "d": True}


@pytest.mark.parametrize("value", [object(), {1: 2}, math.inf, {"a": [{"b": -math.inf}]}, b"x"])
def test_plain_refuses_what_has_no_spelling(value):
    with pytest.raises(BadData, match="expected"):
        plain({"here": value})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b"null",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'\xff{"a":1}',
        b'{"a":1}{"a":1}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' + b"9" * 10_000 + b"}",
        b"\x00" * 100,
    ],
)
def test_parse_refuses(data):
    with pytest.raises(BadData, match=r"manifest\.json"):
        parse(data, "manifest.json")


@given(st.binary(max_size=200))
def test_parse_refuses_or_reads_random_bytes(data):
    with contextlib.suppress(BadData):
        assert isinstance(parse(data, "here"), dict)
