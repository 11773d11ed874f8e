import subprocess
import sys
from datetime import date

import pytest

from edgekeeper.errors import BadData, UsageError
from edgekeeper.market import SOURCES, load_bars, open_source
from edgekeeper.market.bundled import Bundled


def test_ranges_are_as_stated():
    rows = Bundled().fetch(sorted(Bundled.listings))
    found = {
        str(key[0]): (str(part["time"].min()), str(part["time"].max()), part.height)
        for key, part in rows.group_by("symbol")
    }
    assert found == {
        "AAPL": ("2000-03-01", "2013-03-01", 3270),
        "GOOG": ("2004-08-19", "2013-03-01", 2148),
        "IBM": ("2000-03-01", "2013-03-01", 3270),
        "MSFT": ("2000-03-01", "2013-03-01", 3270),
        "NASDAQ": ("1999-01-04", "2018-12-31", 5031),
        "SP500": ("1999-01-04", "2018-12-31", 5031),
        "VIX": ("2014-01-03", "2019-01-03", rows.filter(symbol="VIX").height),
    }


def test_every_bar_is_a_session_and_none_is_refused():
    got = load_bars("bundled")
    assert got.bars.symbols == ("AAPL", "GOOG", "IBM", "MSFT", "NASDAQ", "SP500")
    assert got.quarantine.height == 0
    assert got.quality.by_symbol["missing_share"].max() == 0


def test_caveats_are_told():
    said = load_bars("bundled", ["SP500", "AAPL"]).assumptions
    assert any("SP500: not tradable" in line for line in said)
    assert any("AAPL: picked because it survived" in line for line in said)
    assert not any("IBM" in line for line in said)


def test_the_caveat_about_opens_is_true():
    rows = Bundled().fetch(["SP500"])
    same = (rows["open"] - rows["close"].shift(1)).abs() < 1e-4
    early = rows["time"] < date(2006, 1, 1)
    assert same.filter(early).mean() > 0.94
    assert same.filter(rows["time"] >= date(2014, 1, 1)).mean() < 0.01


def test_the_crash_of_apple_stays_a_loss():
    bars = load_bars("bundled", ["AAPL"], date(2000, 9, 28), date(2000, 9, 29)).bars
    adjusted = bars.adjusted("close")
    assert adjusted[1] / adjusted[0] - 1 == pytest.approx(-0.519, abs=1e-3)


def test_unknown_names_and_series_and_ranges():
    with pytest.raises(UsageError, match="did you mean 'bundled'"):
        open_source("bundle")
    with pytest.raises(UsageError, match="did you mean 'SP500'"):
        load_bars("bundled", ["SPX500"])
    with pytest.raises(UsageError, match="close alone"):
        load_bars("bundled", ["VIX"])
    with pytest.raises(BadData, match="widen the range"):
        load_bars("bundled", ["GOOG"], date(2001, 1, 1), date(2002, 1, 1))
    with pytest.raises(BadData, match="two usable bars, got 1 of 1"):
        load_bars("bundled", ["GOOG"], date(2004, 8, 19), date(2004, 8, 19))


def test_shelf_is_keyed_by_name():
    assert {name: kind.name for name, kind in SOURCES.items()} == {name: name for name in SOURCES}


def test_no_heavy_import_once_sessions_are_cached():
    load_bars("bundled", ["IBM"])
    code = (
        "import sys; from edgekeeper.market import load_bars; load_bars('bundled');"
        "print([m for m in ('pandas', 'exchange_calendars', 'arch', 'bokeh_sampledata')"
        " if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
