"""What looks ahead is found on a user's own bars, at the start or while a run goes on."""

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.config import RulesConfig
from edgekeeper.errors import UsageError
from edgekeeper.trade import RuleSignals
from edgekeeper.trade.strategies import OwnSignals, file_hash, prove_past

HONEST = """
def signals(bars):
    close = bars["close"].to_list()
    return [int(k > 0 and close[k] > close[k - 1]) for k in range(len(close))]
"""


def of_frame(body):
    return f"import polars as pl\n\ndef signals(bars):\n{body}\n"


def expression(text):
    return of_frame(f"    return bars.select(({text}).cast(pl.Int8).fill_null(0)).to_series()")


AHEAD = {
    "the next close": expression("pl.col('close').shift(-1) > pl.col('close') * 1.02"),
    "a rare event far ahead": expression(
        "(pl.col('close').shift(-20) > pl.col('close') * 1.15) & (pl.col('volume') > 0)"
    ),
    "the mean of all": expression("pl.col('close') < pl.col('close').mean() * 0.9"),
    "a centred window": expression(
        "pl.col('close') == pl.col('close').rolling_min(11, center=True)"
    ),
    "the rank among all": expression("pl.col('close').rank() > 0.97 * pl.len()"),
    "filled backwards": expression(
        "pl.when(pl.col('close') > pl.col('open') * 1.02).then(pl.col('close')).backward_fill() "
        "> pl.col('close') * 1.05"
    ),
    "another answer each time": of_frame(
        "    import random\n    return [random.choice((0, 1)) for _ in range(bars.height)]"
    ),
}


@pytest.mark.parametrize("text", AHEAD.values(), ids=AHEAD)
def test_what_looks_ahead_is_refused_with_the_first_bar(own, real, text):
    strategy = own(text)
    with pytest.raises(
        UsageError,
        match=r"signal of (AAPL|IBM|MSFT) at 200\d-\d\d-\d\dT.* is (long|none), and (long|none) "
        r"when the bars after .* are cut off: it looks ahead",
    ):
        OwnSignals(strategy).extend(real)


def test_what_does_not_passes(own, real):
    strategy = own(HONEST)
    signals = OwnSignals(strategy).extend(real)
    assert prove_past(strategy, real, signals) > 3 * 4 * 30


def test_a_growing_history_says_what_the_whole_says(own, real, growing):
    strategy = own(HONEST)
    whole = OwnSignals(strategy).extend(real)
    for step in (1, 40):
        signals = OwnSignals(strategy)
        first = 560 if step == 1 else 200
        assert np.array_equal(growing(signals, real, first, step), whole)
        assert signals.fault == ""


def test_a_stated_warm_up_makes_live_a_window(own, real, growing):
    mean = expression("pl.col('close') > pl.col('close').rolling_mean(20)")
    strategy = own(f"WARM_UP = 25\n{mean}")
    whole = OwnSignals(strategy).extend(real)
    signals = OwnSignals(strategy)
    assert np.array_equal(growing(signals, real, 500, 25), whole)
    assert (signals.window, signals.fault) == (125, "")


def test_a_warm_up_that_is_too_short_is_not_trusted(own, real, growing):
    """Its memory has no end: all bars are given to it, and research and live agree."""
    mean = expression("pl.col('close') > pl.col('close').cum_sum() / pl.int_range(1, pl.len() + 1)")
    strategy = own(f"WARM_UP = 5\n{mean}")
    whole = OwnSignals(strategy).extend(real)
    signals = OwnSignals(strategy)
    assert np.array_equal(growing(signals, real, 500, 25), whole)
    assert (signals.window, signals.fault) == (None, "")


def test_one_that_changes_its_mind_while_a_run_goes_on_is_dropped(own, real):
    """It is honest until bar 580, and then takes back what it said."""
    strategy = own(
        "def signals(bars):\n    n = bars.height\n    return [1] * n if n < 580 else [0] * n\n"
    )
    signals = OwnSignals(strategy)
    assert signals.extend(real.rows(0, 3 * 570)).all()
    assert signals.extend(real.rows(3 * 570, 3 * 575)).all()
    assert not signals.extend(real.rows(3 * 575, 3 * 590)).any()
    assert "is long, and none when new bars came" in signals.fault
    assert "left out from here on" in signals.fault
    assert not signals.extend(real.rows(3 * 590, 3 * 600)).any()


def test_one_that_fails_while_a_run_goes_on_is_dropped_and_named(own, real, tmp_path):
    text = "def signals(bars):\n    assert bars.height < 580\n    return [1] * bars.height\n"
    own(text)
    path = tmp_path / "mine.py"
    rules = RuleSignals(RulesConfig(file=str(path), file_hash=file_hash(path)))
    rules.extend(real.rows(0, 3 * 570))
    assert rules.faults == ()
    assert not rules.extend(real.rows(3 * 570, 3 * 590)).any()
    assert len(rules.faults) == 1
    assert "AssertionError" in rules.faults[0]


def test_a_symbol_may_come_later(own, real, growing):
    keep = (real.symbol != 1) | (real.event_time >= real.instants[550])
    bars = Bars.from_arrays(
        symbol=np.asarray(real.symbols)[real.symbol][keep],
        event_time=real.event_time[keep],
        **{name: getattr(real, name)[keep] for name in ("open", "high", "low", "close", "volume")},
    )
    strategy = own(HONEST)
    whole = OwnSignals(strategy).extend(bars)
    signals = OwnSignals(strategy)
    assert np.array_equal(growing(signals, bars, 500, 10), whole)
    assert whole[bars.symbol == 1].any()
    assert signals.fault == ""
