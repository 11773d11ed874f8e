import numpy as np
import pytest

from edgekeeper.config import RulesConfig
from edgekeeper.errors import UsageError
from edgekeeper.trade import rule_signals

CLOSES = [10.0, 11.0, 10.0, 9.0, 12.0]


def signals(bars, long, short):
    return rule_signals(RulesConfig(entry_long=long, entry_short=short), bars).tolist()


def test_long_short_or_none(one_symbol):
    bars = one_symbol(CLOSES)
    assert signals(bars, "close > 11", "close < 10") == [0, 0, 0, -1, 1]


def test_not_enough_bars_is_no_signal(one_symbol):
    """The first bar has no bar before it: NaN, neither up nor down."""
    bars = one_symbol(CLOSES)
    assert signals(bars, "close > lag(close, 1)", "close < lag(close, 1)") == [0, 1, -1, -1, 1]


def test_both_sides_cancel(one_symbol):
    assert signals(one_symbol(CLOSES), "close > 9", "close > 10") == [1, 0, 1, 0, 0]


def test_any_number_but_zero_holds(one_symbol):
    assert signals(one_symbol(CLOSES), "close - 10", "") == [0, 1, 0, 1, 1]


def test_a_side_without_a_rule_is_never_entered(one_symbol):
    bars = one_symbol(CLOSES)
    assert signals(bars, "", "close < 11") == [-1, 0, -1, -1, 0]
    assert signals(bars, " ", "") == [0] * 5


def test_signals_are_int8_and_one_a_row(one_symbol):
    found = rule_signals(RulesConfig(), one_symbol(np.linspace(10, 20, 60)))
    assert (found.dtype, found.shape) == (np.int8, (60,))
    assert set(found.tolist()) <= {-1, 0, 1}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"entry_long": "close >"}, r"rules\.entry_long: "),
        ({"entry_short": "rsj(close, 14) > 70"}, r"rules\.entry_short: .*rsi"),
        ({"entry_long": "1"}, r"rules\.entry_long: "),
        ({"entry_long": "__import__('os')"}, r"rules\.entry_long: "),
        ({"entry_short": "VIX.close > 20"}, r"rules\.entry_short: .*VIX\.close"),
        ({"entry_long": "lag(close, -1) > close"}, r"rules\.entry_long: "),
    ],
)
def test_a_rule_that_cannot_be_read_is_named(one_symbol, changes, words):
    with pytest.raises(UsageError, match=words):
        rule_signals(RulesConfig(**changes), one_symbol(CLOSES))


def test_rules_do_not_look_ahead(one_symbol):
    close = 100 + np.cumsum(np.random.default_rng(0).standard_normal(120))
    bars = one_symbol(close)
    whole = rule_signals(RulesConfig(), bars)
    assert np.array_equal(rule_signals(RulesConfig(), bars.rows(0, 80)), whole[:80])
