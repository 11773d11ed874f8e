from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.chat import split
from edgekeeper.chat.texts import LONGEST, clean


def units(text):
    return len(text.encode("utf-16-le")) // 2


@given(st.text(max_size=3_000), st.integers(40, 200))
def test_every_part_fits_and_nothing_is_lost_within_bounds(text, longest):
    parts = split(text, longest)
    assert all(0 < units(part) <= longest for part in parts)
    assert len(parts) <= 5
    if len(parts) < 5:
        joined = "".join("".join(parts).split())
        assert joined == "".join(clean(text).split())


def test_what_is_too_long_for_five_messages_is_cut_and_says_so():
    parts = split("😀" * 40_000)
    assert [units(part) for part in parts[:4]] == [LONGEST] * 4
    assert parts[4].endswith("the rest is on the dashboard.")
    assert units(parts[4]) <= LONGEST
    assert split("") == []


@given(st.text())
def test_no_text_holds_what_moves_a_cursor_or_turns_the_direction(text):
    assert all(one == "\n" or one.isprintable() for one in clean(text))
