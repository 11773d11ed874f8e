from datetime import date

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.market.interval import DAY_NS, parse_interval
from edgekeeper.market.venues import NO_SESSION, guess_venue, venue


def day(*when):
    return np.array([(date(*when) - date(1970, 1, 1)).days])


def instant(text):
    return np.array([np.datetime64(text, "ns").astype(np.int64)])


def close_of(name, *when):
    return str(venue(name).close_of(day(*when))[0].astype("datetime64[ns]"))[:16]


def test_new_york_closes_by_season_and_on_half_days():
    assert close_of("XNYS", 2024, 1, 31) == "2024-01-31T21:00"
    assert close_of("XNYS", 2024, 7, 1) == "2024-07-01T20:00"
    assert close_of("XNYS", 2024, 11, 29) == "2024-11-29T18:00"
    assert close_of("XNYS", 1999, 1, 4) == "1999-01-04T21:00"


def test_no_session_on_holidays_weekends_and_after_the_attacks():
    for when in ((2024, 12, 25), (2024, 1, 6), (2001, 9, 12), (1801, 1, 1), (2100, 1, 4)):
        assert venue("XNYS").close_of(day(*when))[0] == NO_SESSION


def test_crypto_ends_at_midnight_forex_too():
    assert close_of("24/7", 2024, 1, 6) == "2024-01-07T00:00"
    assert close_of("FX", 2024, 1, 5) == "2024-01-06T00:00"
    assert venue("FX").close_of(day(2024, 1, 6))[0] == NO_SESSION
    opened = venue("FX").in_session
    assert opened(instant("2024-01-07T22:00"))[0]
    assert not opened(instant("2024-01-07T21:59"))[0]
    assert not opened(instant("2024-01-05T22:00"))[0]


def test_other_exchanges_by_code():
    assert close_of("XASX", 2020, 1, 2) == "2020-01-02T05:00"
    with pytest.raises(UsageError, match="did you mean 'XNYS'"):
        venue("XNYSE")


def test_bars_over_the_close_are_cut_there():
    start = instant("2024-11-29T17:30")
    assert venue("XNYS").capped(start, start + parse_interval("1h")) == instant("2024-11-29T18:00")
    start = instant("2024-11-29T16:30")
    assert venue("XNYS").capped(start, start + parse_interval("1h")) == start + parse_interval("1h")


def test_trading_time_skips_nights_weekends_and_holidays():
    place, fifteen = venue("XNYS"), parse_interval("15m")
    last, first = instant("2024-07-03T17:00"), instant("2024-07-05T13:45")
    assert place.elapsed(first, fifteen) - place.elapsed(last, fifteen) == 1
    friday, monday = instant("2024-07-05T20:00"), instant("2024-07-08T20:00")
    assert place.elapsed(monday, DAY_NS) - place.elapsed(friday, DAY_NS) == 1
    fx = venue("FX")
    friday, sunday, monday = (instant(f"2024-01-{d}T00:00") for d in ("06", "08", "09"))
    assert fx.elapsed(sunday, DAY_NS) - fx.elapsed(friday, DAY_NS) == 0
    assert fx.elapsed(monday, DAY_NS) - fx.elapsed(friday, DAY_NS) == 1


@pytest.mark.parametrize(
    ("symbol", "share", "name"),
    [
        ("EURUSD", 0.17, "FX"),
        ("GBP/JPY", 0.0, "FX"),
        ("EURUSD=X", 0.0, "FX"),
        ("BTC/USD", 0.0, "24/7"),
        ("ETHUSDT", 0.0, "24/7"),
        ("BTC-PERP", 0.0, "24/7"),
        ("XYZ", 0.28, "24/7"),
        ("BRK.B", 0.0, "XNYS"),
        ("VOD.L", 0.0, "XLON"),
        ("^GSPC", 0.0, "XNYS"),
    ],
)
def test_guesses(symbol, share, name):
    assert guess_venue(symbol, share) == name


def test_cache_is_used_repaired_and_dispensable(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    venue.cache_clear()
    fresh = venue("XNYS")
    (cached,) = (tmp_path / "edgekeeper").iterdir()
    for content in (cached.read_bytes(), b"", b"\x93NUMPY nonsense"):
        cached.write_bytes(content)
        venue.cache_clear()
        assert (venue("XNYS").closes == fresh.closes).all()
        assert cached.stat().st_size > 100_000
    monkeypatch.setenv("XDG_CACHE_HOME", str(cached))
    venue.cache_clear()
    assert (venue("XNYS").closes == fresh.closes).all()
    venue.cache_clear()
