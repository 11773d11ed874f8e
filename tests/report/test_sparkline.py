import math

from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.report.sparkline import sparkline


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60))
def test_one_character_for_each_value(values):
    assert len(sparkline(values, -1.0, 1.0)) == len(values)


def test_a_flat_curve_is_flat_and_a_gap_is_blank():
    assert sparkline([1.0, math.nan, 1.0], 1.0, 1.0) == "▁ ▁"
