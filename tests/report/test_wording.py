import doctest
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.report import axis, months, sparkline, terminal, thinning, wording
from edgekeeper.report.wording import count, day, duration, number, percent, plain, signed, wealth


@pytest.mark.parametrize("module", [axis, months, sparkline, terminal, thinning, wording])
def test_the_examples_run(module):
    failed, tried = doctest.testmod(module)
    assert tried > 0
    assert failed == 0


@pytest.mark.parametrize("write", [number, count, percent, signed])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_a_number_is_a_dash_and_never_zero(write, value):
    assert write(value) == "—"


def test_missing_dates_and_spans_are_dashes():
    assert day(None) == duration(math.nan) == wealth(math.nan) == wealth(math.inf) == "—"


@given(st.floats(-1e9, 1e9))
def test_figures_read_back_to_within_their_last_digit(value):
    text = number(value, 2)
    assert float(text.replace(",", "").replace("−", "-")) == pytest.approx(value, abs=0.00501)


def test_a_loss_too_small_to_show_has_no_sign():
    assert number(-0.001, 2) == "0.00"
    assert signed(-0.0001) == "0.0%"


@given(st.floats(-9.2, 13.8))
def test_wealth_keeps_two_significant_digits(log_wealth):
    text = wealth(log_wealth).replace(",", "")
    if "×" not in text and "under" not in text:
        assert float(text) == pytest.approx(
            math.exp(log_wealth), rel=0.5 if log_wealth < -7 else 0.1
        )


def test_wealth_beyond_the_scale():
    assert wealth(-math.inf) == "under 0.0001"
    assert wealth(math.log(2.5e9)) == "2.5×10⁹"


@given(st.text())
def test_plain_text_holds_no_control_character(text):
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", plain(text))


def test_plain_keeps_ordinary_text_of_any_script():
    assert plain("Größe 東京 +5 %\n\tnext") == "Größe 東京 +5 %\n\tnext"
