from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.trade.events import Events


@given(st.integers(0, 30), st.integers(1, 12), st.integers(0, 30))
def test_what_came_since_is_told_as_far_as_it_is_kept(came, kept, seen):
    events = Events(kept)
    for number in range(came):
        events.append((number, "pause", str(number)))
    every = list(range(came))
    assert events.count == came
    assert [time for time, _, _ in events] == every[-kept:]
    assert [time for time, _, _ in events.since(seen)] == every[seen:][-kept:]
    assert events.newest == (events.since(came - 1)[0] if came else None)
