"""When a bracket ends a position, and at which price."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.fills import (
    EXIT_NONE,
    EXIT_REASONS,
    EXIT_STOP,
    EXIT_TARGET,
    EXIT_TIME,
    bracket_exit,
)

# Long from about 100, stop 95, target 105: (open, high, low, close), last bar -> reason, price.
CASES = [
    ((100, 104, 96, 101), False, EXIT_NONE, math.nan),
    ((100, 104, 96, 101), True, EXIT_TIME, 101),
    ((100, 105, 96, 101), False, EXIT_TARGET, 105),
    ((100, 104, 95, 101), False, EXIT_STOP, 95),
    ((100, 106, 94, 101), False, EXIT_STOP, 95),
    ((94, 106, 93, 101), False, EXIT_STOP, 94),
    ((95, 106, 95, 101), False, EXIT_STOP, 95),
    ((106, 107, 94, 101), False, EXIT_TARGET, 106),
    ((106, 107, 94, 101), True, EXIT_TARGET, 106),
    ((100, 104, 94, 101), True, EXIT_STOP, 95),
]


def mirrored(bar):
    open_, high, low, close = (200 - price for price in bar)
    return open_, low, high, close


@pytest.mark.parametrize(("bar", "last", "reason", "price"), CASES)
def test_rules_in_their_order_for_both_sides(bar, last, reason, price):
    for direction, stop, target, seen, exit_ in (
        (1.0, 95.0, 105.0, bar, price),
        (-1.0, 105.0, 95.0, mirrored(bar), 200 - price),
    ):
        for exit_of in (bracket_exit, bracket_exit.py_func):
            got = exit_of(direction, stop, target, *map(float, seen), last)
            assert got[0] == reason
            assert got[1] == pytest.approx(exit_, nan_ok=True)


def test_reasons_have_names():
    assert [EXIT_REASONS[r] for r in (EXIT_TARGET, EXIT_STOP, EXIT_TIME)] == [
        "target", "stop", "time",
    ]  # fmt: skip


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_a_barrier_that_is_nan_is_none(direction):
    nothing = bracket_exit(direction, math.nan, math.nan, 100.0, 1e9, 1e-9, 101.0, False)
    assert nothing[0] == EXIT_NONE
    timed = bracket_exit(direction, math.nan, math.nan, 100.0, 1e9, 1e-9, 101.0, True)
    assert timed == (EXIT_TIME, 101.0)


PRICE = st.floats(50, 150)


@given(
    prices=st.lists(PRICE, min_size=4, max_size=4),
    stop=st.floats(60, 99),
    target=st.floats(101, 140),
    long=st.booleans(),
    last=st.booleans(),
)
def test_every_exit_is_at_a_price_the_bar_traded(prices, stop, target, long, last):
    low, *inside, high = sorted(prices)
    open_, close = inside
    if not long:
        stop, target = target, stop
    direction = 1.0 if long else -1.0
    reason, price = bracket_exit(direction, stop, target, open_, high, low, close, last)
    if reason == EXIT_NONE:
        assert not last
        assert low > min(stop, target)
        assert high < max(stop, target)
        return
    assert low <= price <= high
    if reason == EXIT_STOP:
        assert direction * price <= direction * stop
    if reason == EXIT_TARGET:
        assert direction * price >= direction * target
