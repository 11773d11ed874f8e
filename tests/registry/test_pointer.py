import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.registry import Pointer

A, B, C = "a" * 64, "b" * 64, "c" * 64


@given(
    st.none() | st.just(A),
    st.dictionaries(st.sampled_from([B, C]), st.floats(0.01, 0.5)),
    st.integers(0, 2**62),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_round_trip(champion, arms, changed_at, reason):
    pointer = Pointer(champion, arms, changed_at, reason)
    assert Pointer.from_bytes(pointer.to_bytes()) == pointer
    assert set(pointer.packages) == {*arms, *([champion] if champion else [])}


@pytest.mark.parametrize(
    "arms", [{B: 0.0}, {B: -0.1}, {B: 1.1}, {B: 0.6, C: 0.6}, {B: float("nan")}, {A: 0.1}, {"x": 1}]
)
def test_impossible_arms_are_refused(arms):
    with pytest.raises(UsageError, match="expected"):
        Pointer(A, arms)


def test_arms_cannot_be_changed_afterwards():
    arms = {B: 0.1}
    pointer = Pointer(A, arms)
    arms[C] = 0.9
    assert dict(pointer.arms) == {B: 0.1}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff\xfe",
        b'{"format":2,"champion":null,"arms":{},"changed_at":0,"reason":""}',
        b'{"format":1,"champion":3,"arms":{},"changed_at":0,"reason":""}',
        b'{"format":1,"champion":"../x","arms":{},"changed_at":0,"reason":""}',
        b'{"format":1,"champion":null,"arms":{"x":0.1},"changed_at":0,"reason":""}',
        b'{"format":1,"champion":null,"arms":{},"changed_at":"now","reason":""}',
        b'{"format":1,"champion":null,"arms":{},"changed_at":0,"reason":"","more":1}',
    ],
)
def test_damaged_files_are_refused(data):
    with pytest.raises(BadData, match=r"pointer\.json"):
        Pointer.from_bytes(data)
