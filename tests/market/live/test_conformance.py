"""The kit holds on all three sources that ship, and fails on what breaks a promise."""

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.clock import ManualClock
from edgekeeper.market.live import Alpaca, CryptoExchange, WatchedFolder
from edgekeeper.testing.live_sources import check_live_source

from .conftest import HOUR, START
from .vendor import Kraken, Tape, alpaca_bar

HOURS = 6


def expected(*symbols, volume=1_000.0):
    """Bars that close at 1 to 6 o'clock, at prices of their hour."""
    hour = np.tile(np.arange(HOURS), len(symbols))
    price = 100.0 + hour
    return Bars.from_arrays(
        symbol=np.repeat(symbols, HOURS), event_time=START + (hour + 1) * HOUR, open=price,
        high=price + 1, low=price - 1, close=price + 0.5, volume=np.full(len(hour), volume),
    )  # fmt: skip


@pytest.fixture
def clock():
    return ManualClock(START)


def dropped(tmp_path, bars):
    rows = bars.to_polars()
    for (symbol,), part in rows.group_by("symbol"):
        start = (part["timestamp"].to_physical() - HOUR) // 10**9
        part.select(
            start.alias("timestamp"), "open", "high", "low", "close", "volume"
        ).write_csv(tmp_path / f"{symbol.replace('/', '%2F')}.csv")  # fmt: skip
    return tmp_path


def test_folder(tmp_path, clock):
    bars = expected("BTC/USD", "ETH/USD")
    source = WatchedFolder(dropped(tmp_path, bars), clock=clock)
    source.idle_seconds = 600.0
    assert check_live_source(source, ["BTC/USD", "ETH/USD"], "1h", clock, bars) == HOURS


def test_ccxt(serve, clock):
    ccxt = pytest.importorskip("ccxt")
    client = ccxt.kraken({"enableRateLimit": False, "timeout": 2_000})
    client.urls["api"]["public"] = serve(Kraken(clock, last=HOURS)).url
    source = CryptoExchange("kraken", client, clock)
    bars = expected("BTC/USD", "ETH/USD", volume=12.5)
    assert check_live_source(source, ["BTC/USD", "ETH/USD"], "1h", clock, bars) == HOURS


def test_alpaca(serve, clock, monkeypatch):
    pytest.importorskip("httpx")
    for name in ("APCA_API_KEY_ID", "APCA_API_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    tape = [alpaca_bar(f"2023-11-15T{hour:02}:00:00Z", 100 + hour) for hour in range(HOURS)]
    source = Alpaca("crypto", url=serve(Tape({"BTC/USD": tape})).url, clock=clock)
    assert check_live_source(source, ["BTC/USD"], "1h", clock, expected("BTC/USD")) == HOURS


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        ({"look_back": 0}, "late and revised"),
        ({"idle_seconds": 0.0}, "without a pause"),
        ({"name": " "}, "cannot be empty"),
    ],
)
def test_broken_attributes(tmp_path, clock, broken, promise):
    bars = expected("BTC/USD")
    source = WatchedFolder(dropped(tmp_path, bars), clock=clock)
    for name, value in broken.items():
        setattr(source, name, value)
    with pytest.raises(AssertionError, match=promise):
        check_live_source(source, ["BTC/USD"], "1h", clock, bars)


def test_a_source_that_leaves_out_a_bar(tmp_path, clock):
    bars = expected("BTC/USD")
    folder = dropped(tmp_path, Bars.from_frame(bars.to_polars().remove(index_of(bars, 3))))
    source = WatchedFolder(folder, clock=clock)
    source.idle_seconds = 600.0
    with pytest.raises(AssertionError, match=r"nothing came|other bars"):
        check_live_source(source, ["BTC/USD"], "1h", clock, bars)


def index_of(bars, row):
    return bars.to_polars()["timestamp"] == bars.to_polars()["timestamp"][row]


def test_a_source_that_is_an_interval_early(tmp_path, clock):
    bars = expected("BTC/USD")
    folder = dropped(tmp_path, bars)
    source = WatchedFolder(folder, clock=clock)
    source.idle_seconds = 600.0
    later = Bars.from_frame(bars.to_polars().with_columns(
        timestamp=bars.to_polars()["timestamp"].dt.offset_by("1h"), known_time=None,
    ).drop("known_time"))  # fmt: skip
    with pytest.raises(AssertionError):
        check_live_source(source, ["BTC/USD"], "1h", clock, later)
