"""Descriptions of pages: what foreign text can and cannot do in them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.dashboard.nodes import encode, node


def test_children_and_attributes_that_are_none_are_left_out():
    tree = node("p", "a", None, [None, node("b", "c")], css="x", id=None, aria_label="l", for_="f")
    said = ["p", {"class": "x", "aria-label": "l", "for": "f"}, "a", ["b", {}, "c"]]
    assert json.loads(encode([tree])) == [said]


@given(st.text())
def test_any_text_stays_one_text(text):
    ((_, attributes, *inside),) = json.loads(encode([node("p", text, title=text)]))
    assert inside == [attributes["title"]]
    assert set(inside[0]) <= set(text)


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\x1b", "\x00", "\ud800"])
def test_marks_that_turn_or_break_text_are_removed(mark):
    assert encode([node("p", f"a{mark}b")]) == '[["p",{},"ab"]]'


def test_a_number_that_json_does_not_know_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        encode([node("ago", at=float("nan"))])
