"""Costs of a fill."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import UsageError
from edgekeeper.fills import Costs, buy_price, sell_price

FIELDS = ("fee_bps", "half_spread_bps", "slippage_bps", "borrow_bps_year")


def test_a_side_pays_fee_half_spread_and_slippage():
    assert Costs(1, 2, 3).side == 6e-4
    assert Costs(0, 0, 0, 252).borrow_year == pytest.approx(0.0252)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [-0.1, 10_000.1, math.nan, math.inf])
def test_costs_out_of_range_are_refused_by_name(field, value):
    with pytest.raises(UsageError, match=f"costs.{field}"):
        Costs(**{field: value})


@pytest.mark.parametrize("field", [name for name in FIELDS if name != "borrow_bps_year"])
def test_a_fill_costs_at_most_a_tenth_of_its_value(field):
    with pytest.raises(UsageError, match=r"from 0 to 1000, got 1000\.1"):
        Costs(**{field: 1000.1})


@given(
    costs=st.builds(Costs, *[st.floats(0, 500)] * 4), factor=st.floats(0, 2, allow_subnormal=False)
)
def test_times_scales_every_part(costs, factor):
    scaled = costs.times(factor)
    assert scaled.side == pytest.approx(factor * costs.side, abs=1e-11)
    assert scaled.borrow_year == pytest.approx(factor * costs.borrow_year)


@given(price=st.floats(0.01, 1e6), cost=st.floats(0, 0.3))
def test_a_buyer_pays_more_and_a_seller_gets_less(price, cost):
    assert buy_price(price, cost) == pytest.approx(price * (1 + cost))
    assert sell_price(price, cost) == pytest.approx(price * (1 - cost))
