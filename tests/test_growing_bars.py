"""Bars that grow are the bars they would have been whole."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.bars import Bars, GrowingArray, GrowingBars, joined
from edgekeeper.errors import BadData
from edgekeeper.worlds import make_world

WHOLE = make_world("noise", seed=1, symbols=3, bars=60).bars
WHOLE = replace(WHOLE, context={"VIX": np.linspace(10.0, 20.0, len(WHOLE))})


def part(first, last):
    return WHOLE.rows(int(WHOLE.instant_offsets[first]), int(WHOLE.instant_offsets[last]))


def same(a, b):
    assert a.symbols == b.symbols
    for one in fields(Bars):
        if one.name not in ("symbols", "context"):
            assert np.array_equal(getattr(a, one.name), getattr(b, one.name)), one.name
    assert {k: v.tolist() for k, v in a.context.items()} == {
        k: v.tolist() for k, v in b.context.items()
    }
    for name in ("instants", "instant_offsets", "by_symbol", "symbol_offsets"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 59), min_size=1, max_size=8, unique=True).map(sorted))
def test_any_cuts_give_the_same_bars(cuts):
    growing = GrowingBars(part(0, cuts[0]))
    handed_out = []
    for first, last in zip(cuts, [*cuts[1:], 60], strict=True):
        handed_out.append((first, growing.bars))
        growing.append(part(first, last))
        same(growing.bars, part(0, last))
    for first, bars in handed_out:  # what was handed out before did not change
        same(bars, part(0, first))


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (part(19, 30), "grows at its end"),
        (replace(part(20, 30), symbols=("A", "B", "C")), "expected bars of"),
        (replace(part(20, 30), context={}), "cannot change while a history grows"),
    ],
)
def test_what_does_not_follow_is_refused_and_changes_nothing(later, why):
    growing = GrowingBars(part(0, 20))
    with pytest.raises(BadData, match=why):
        growing.append(later)
    same(growing.bars, part(0, 20))


def test_joined_takes_only_what_is_newer():
    same(joined(part(0, 30), part(10, 60)), WHOLE)
    assert joined(part(0, 30), None) is not None
    same(joined(part(0, 30), part(5, 20)), part(0, 30))


def test_values_given_first_are_never_written_to():
    first = np.array([1.0, 2.0])
    growing = GrowingArray(first)
    growing.replace_last(np.array([9.0]))
    assert first.tolist() == [1.0, 2.0]
    assert growing.view.tolist() == [1.0, 9.0]
    with pytest.raises(ValueError, match="read-only"):
        growing.view[0] = 5.0


def test_bars_among_more_symbols_keep_their_names():
    alone = WHOLE.rows(1, 2)
    alone = replace(alone, symbols=alone.symbols_present, symbol=np.zeros(1, np.int32))
    again = alone.among(WHOLE.symbols)
    assert again.symbols == WHOLE.symbols
    assert again.symbols_present == alone.symbols
    with pytest.raises(BadData, match="got one of"):
        alone.among(("X", "Y"))


def test_bars_are_known_no_sooner_than_they_came():
    late = int(WHOLE.event_time[30])
    known = WHOLE.known_at(late).known_time
    assert (known >= np.maximum(WHOLE.known_time, late)).all()
    assert known[-1] == WHOLE.known_time[-1]


def test_what_was_judged_from_the_whole_stays():
    assert WHOLE.since(100).periods_per_year == WHOLE.periods_per_year
    assert len(WHOLE.since(100)) == len(WHOLE) - 100
