"""Files of users: what works, and what is refused with what to do."""

import sys

import numpy as np
import pytest

from edgekeeper.config import RulesConfig
from edgekeeper.errors import StorageError, UsageError
from edgekeeper.features import evaluate
from edgekeeper.trade import rule_signals
from edgekeeper.trade.strategies import file_hash, open_strategy

CROSSING = """
import polars as pl

WARM_UP = 50

def signals(bars):
    fast, slow = (pl.col("close").rolling_mean(n) for n in (10, 30))
    above = bars.select((fast > slow).cast(pl.Int8).fill_null(0)).to_series()
    return above.diff().fill_null(0)
"""

FREQTRADE = """
from pandas import DataFrame
import freqtrade.vendor.qtpylib.indicators as qtpylib
from freqtrade.strategy import DecimalParameter, IntParameter, IStrategy

class Mine(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1d"
    minimal_roi = {"0": 0.1}
    stoploss = -0.1
    can_short = True
    startup_candle_count: int = 40
    fast = IntParameter(5, 20, default=12, space="buy")
    width = DecimalParameter(0.5, 3.0, default=2.0, space="buy", optimize=True)
    buy_params = {"fast": 10}

    def populate_indicators(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        bands = qtpylib.bollinger_bands(dataframe["close"], window=20, stds=self.width.value)
        dataframe["lower"], dataframe["upper"] = bands["lower"], bands["upper"]
        dataframe["mean"] = dataframe["close"].rolling(self.fast.value).mean()
        return dataframe

    def populate_entry_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        dataframe.loc[
            qtpylib.crossed_above(dataframe["close"], dataframe["mean"])
            & (dataframe["volume"] > 0),
            ["enter_long", "enter_tag"],
        ] = (1, "mean")
        dataframe.loc[dataframe["close"] > dataframe["upper"], "enter_short"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe: DataFrame, metadata: dict) -> DataFrame:
        raise AssertionError("exits are not asked for")

    def custom_stoploss(self, *args, **kwargs):
        return 1
"""

OLD = """
from freqtrade.strategy.interface import IStrategy

class Old(IStrategy):
    def populate_indicators(self, dataframe, metadata):
        dataframe["mean"] = dataframe["close"].rolling(10).mean()
        return dataframe

    def populate_buy_trend(self, dataframe, metadata):
        dataframe.loc[dataframe["close"] > dataframe["mean"], "buy"] = 1
        return dataframe

    def populate_sell_trend(self, dataframe, metadata):
        dataframe["sell"] = 1
        return dataframe
"""

WITH_TALIB = """
import talib.abstract as ta
from freqtrade.strategy import IStrategy

class Strength(IStrategy):
    def populate_indicators(self, dataframe, metadata):
        dataframe["rsi"] = ta.RSI(dataframe, timeperiod=14)
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe.loc[dataframe["rsi"] < 30, "enter_long"] = 1
        return dataframe
"""


def signals_of(path, bars):
    return rule_signals(RulesConfig(file=str(path), file_hash=file_hash(path)), bars)


def test_a_function_of_bars(own, real):
    strategy = own(CROSSING)
    assert strategy.warm_up == 50
    above = "sma(close, 10) > sma(close, 30)"
    expected = evaluate(f"where({above}, 1, 0)", real)
    found = signals_of(strategy.path, real)
    for s in range(3):
        rows = np.flatnonzero(real.symbol == s)
        now = np.nan_to_num(expected[rows])
        assert np.array_equal(found[rows], np.diff(now, prepend=0.0))


def test_a_function_sees_one_symbol_adjusted_with_context(own, real):
    strategy = own(
        "def signals(bars):\n"
        "    assert bars.columns[:2] == ['time', 'symbol'] and bars['symbol'].n_unique() == 1\n"
        "    assert bars['time'].is_sorted() and str(bars.schema['time'].time_zone) == 'UTC'\n"
        "    return [int(c > o) for o, c in bars.select('open', 'close').iter_rows()]\n"
    )
    found = signals_of(strategy.path, real)
    assert np.array_equal(found, (real.close > real.open).astype(int))


def test_a_class_written_for_freqtrade_works_unchanged(own, real):
    strategy = own(FREQTRADE)
    assert strategy.warm_up == 40
    assert [text.split(":")[0] for text in strategy.not_used] == [
        "minimal_roi", "stoploss", "populate_exit_trend", "custom_stoploss", "timeframe",
    ]  # fmt: skip
    found = signals_of(strategy.path, real)
    long = evaluate("cross_over(close, sma(close, 10))", real) == 1
    # Their band takes the deviation of a sample, and what bars there are at first.
    short = evaluate("close > sma(close, 20) + 2 * std(close, 20, 1)", real) == 1
    ready = np.isfinite(evaluate("sma(close, 20)", real))
    assert np.array_equal(found[ready], (long.astype(int) - short.astype(int))[ready])
    assert {-1, 0, 1} == set(found.tolist())


def test_old_names_buy_and_the_exit_is_no_short(own, real):
    found = signals_of(own(OLD).path, real)
    assert np.array_equal(found, evaluate("close > sma(close, 10)", real) == 1)


def test_talib_may_be_used(own, real):
    pytest.importorskip("talib")
    found = signals_of(own(WITH_TALIB).path, real)
    expected = evaluate("rsi(close, 14) < 30", real) == 1
    assert (found != expected).sum() <= 1
    assert found.sum() > 10


def test_shorts_only_where_the_class_allows_them(own, real):
    found = signals_of(own(FREQTRADE.replace("can_short = True", "can_short = False")).path, real)
    assert set(found.tolist()) == {0, 1}


def test_freqtrades_names_are_gone_afterwards(own):
    own(FREQTRADE)
    assert not [name for name in sys.modules if name.split(".")[0] == "freqtrade"]


def populating(body, entry="dataframe['enter_long'] = 0", head=""):
    return (
        "from freqtrade.strategy import *\n"
        "from freqtrade.strategy import IStrategy, informative, merge_informative_pair\n"
        f"class Mine(IStrategy):\n    {head or 'pass'}\n"
        "    def populate_indicators(self, dataframe, metadata):\n"
        f"        {body}\n        return dataframe\n"
        "    def populate_entry_trend(self, dataframe, metadata):\n"
        f"        {entry}\n        return dataframe\n"
    )


def returning(text):
    return f"def signals(bars):\n    n = bars.height\n    return {text}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def signals(bars:\n", r"mine\.py:1: loading it failed with SyntaxError.*mend the file"),
        ("\x00", r"mine\.py.*loading it failed"),
        ("x = 1", r"expected a function signals\(bars\).*got neither.*edgekeeper new strategy"),
        ("signals = 3", "got signals"),
        ("import edgekeeper_nowhere", "ModuleNotFoundError.*install that package"),
        ("from freqtrade.strategy import Nothing", "ImportError.*docs/strategies.md"),
        ("\nraise RuntimeError('at home')", r"mine\.py:2: loading it .*RuntimeError: at home"),
        ("import sys\nsys.exit(3)", "SystemExit"),
        ("WARM_UP = -1\n" + returning("[0] * n"), "whole number of bars.*-1"),
        ("WARM_UP = 'a'\n" + returning("[0] * n"), "whole number of bars.*'a'"),
        ("def signals():\n    return 1\n", "signals of AAPL failed with TypeError"),
        (returning("1 / 0"), r"mine\.py:3: signals of AAPL failed with ZeroDivisionError"),
        (returning("None"), "one number for each of 600 bars, got NoneType"),
        (returning("[0] * (n - 1)"), r"one number for each of 600 bars, got list of shape \(599,"),
        (returning("[[0]] * n"), r"shape \(600, 1\)"),
        (returning("['long'] * n"), "expected numbers"),
        (returning("[None] * n"), "expected numbers.*fill_null"),
        (returning("[float('nan')] + [0] * (n - 1)"), "got nan at bar 0.*fill_nan"),
        (returning("[2] + [0] * (n - 1)"), "1 .long., -1 .short. or 0 .none., got 2 at bar 0"),
        (populating("dataframe = None"), "populate_indicators to return the frame, got NoneType"),
        (populating("dataframe = dataframe.iloc[5:]"), "600 bars that were given.*no dropna"),
        (populating("dataframe = dataframe[::-1]"), "in their order"),
        (populating("pass", "pass"), "expected a column enter_long"),
        (populating("dataframe['nope'].mean()"), r"signals of AAPL failed with KeyError"),
        (populating("self.dp.get_pair_dataframe('X')"), "self.dp.*context columns"),
        (populating("merge_informative_pair(1, 2)"), "merge_informative_pair.*context columns"),
        (populating("pass", head="informative('1h')"), "informative of freqtrade is not there"),
        (
            populating("pass", head="def informative_pairs(self):\n        return [('B', '1h')]"),
            r"informative_pairs asks for.*return \[\]",
        ),
        (OLD.replace("populate_buy_trend", "populate_nothing"), "expected Old to have populate_"),
        (OLD + FREQTRADE, "expected .* one class.* got Old, Mine"),
        (OLD + returning("0"), "got Old, signals"),
    ],
)
def test_files_that_do_not_work_say_what_to_do(tmp_path, real, text, words):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(UsageError, match=words):
        signals_of(path, real)


def test_files_that_are_none(tmp_path):
    with pytest.raises(StorageError, match=r"could not read .*nowhere\.py.*new strategy"):
        file_hash(tmp_path / "nowhere.py")
    with pytest.raises(StorageError, match="could not read"):
        file_hash(tmp_path)
    (tmp_path / "bytes.py").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="loading it failed"):
        open_strategy(tmp_path / "bytes.py", file_hash(tmp_path / "bytes.py"))
    with (tmp_path / "large.py").open("wb") as stream:
        stream.truncate(10_000_001)
    with pytest.raises(UsageError, match="below 10 MB"):
        file_hash(tmp_path / "large.py")


def test_a_file_that_was_changed_is_not_run(tmp_path, real):
    path = tmp_path / "mine.py"
    path.write_text(CROSSING)
    rules = RulesConfig(file=str(path), file_hash=file_hash(path))
    path.write_text("raise SystemExit('must not run')")
    with pytest.raises(UsageError, match="the file was changed since"):
        rule_signals(rules, real)
    with pytest.raises(UsageError, match="pin_files"):
        rule_signals(RulesConfig(file=str(path)), real)


def test_a_dataclass_inside_and_no_trace_on_disk(own, real, tmp_path):
    strategy = own(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Span:\n    bars: int = 3\n"
        + returning("[1 if k % Span().bars == 0 else 0 for k in range(n)]")
    )
    assert signals_of(strategy.path, real).sum() == 600
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]
