import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.market import Convention
from edgekeeper.market.live.closing import Calendar
from edgekeeper.market.venues import NO_SESSION

HOUR = 3_600 * 10**9
DAY = 24 * HOUR


def ns(*texts):
    return np.array(texts, dtype="datetime64[ns]").astype(np.int64)


def text(times):
    return [str(t)[:16] for t in np.atleast_1d(times).astype("datetime64[ns]")]


def test_intraday_starts_and_ends():
    starts = Calendar(("AAPL", "BTC/USD"), HOUR, Convention())
    late = ns("2023-11-24T17:30")
    # the half day after Thanksgiving ends at 18:00 UTC
    assert text(starts.closes("AAPL", late)) == ["2023-11-24T18:00"]
    assert text(starts.closes("BTC/USD", late)) == ["2023-11-24T18:30"]
    ends = Calendar(("AAPL",), HOUR, Convention(stamp="end"))
    assert text(ends.closes("AAPL", late)) == ["2023-11-24T17:30"]


def test_days():
    stocks = Calendar(("AAPL",), DAY, Convention(tz="America/New_York"))
    closes = stocks.closes("AAPL", ns("2023-11-24T05:00", "2023-11-25T05:00", "2023-07-03T04:00"))
    assert text(closes[[0, 2]]) == ["2023-11-24T18:00", "2023-07-03T17:00"]
    assert closes[1] == NO_SESSION
    crypto = Calendar(("BTC/USD",), DAY, Convention())
    assert text(crypto.closes("BTC/USD", ns("2023-11-24T00:00"))) == ["2023-11-25T00:00"]
    at_end = Calendar(("BTC/USD",), DAY, Convention(stamp="end"))
    stamps = ns("2023-11-24T00:00", "2023-11-24T23:59")
    assert text(at_end.closes("BTC/USD", stamps)) == ["2023-11-25T00:00", "2023-11-24T23:59"]


@pytest.mark.parametrize(
    ("symbols", "interval", "tz", "now", "due"),
    [
        (("BTC/USD",), HOUR, "", "2023-11-24T10:00", "2023-11-24T11:00"),
        (("BTC/USD",), 4 * HOUR, "", "2023-11-24T10:10", "2023-11-24T12:00"),
        (("BTC/USD",), DAY, "", "2023-11-24T10:10", "2023-11-25T00:00"),
        (("BTC/USD",), DAY, "America/Chicago", "2023-11-24T10:10", "2023-11-25T06:00"),
        (("AAPL",), HOUR, "", "2023-11-24T12:00", "2023-11-24T15:00"),
        (("AAPL",), HOUR, "", "2023-11-24T17:30", "2023-11-24T18:00"),
        (("AAPL",), HOUR, "", "2023-11-24T18:00", "2023-11-27T15:00"),
        (("AAPL",), DAY, "", "2023-11-22T21:00", "2023-11-24T18:00"),
        (("AAPL", "BTC/USD"), HOUR, "", "2023-11-24T18:00", "2023-11-24T19:00"),
        (("EURUSD",), HOUR, "", "2023-11-24T22:00", "2023-11-26T23:00"),
    ],
)
def test_next_due(symbols, interval, tz, now, due):
    calendar = Calendar(symbols, interval, Convention(tz=tz))
    assert text(calendar.next_due(int(ns(now)[0]))) == [due]


def test_who_is_expected():
    calendar = Calendar(("AAPL", "BTC/USD"), HOUR, Convention())
    at = {t: calendar.expected(int(ns(t)[0])) for t in ("2023-11-24T18:00", "2023-11-24T19:00")}
    assert at == {"2023-11-24T18:00": {"AAPL", "BTC/USD"}, "2023-11-24T19:00": {"BTC/USD"}}
    daily = Calendar(("AAPL",), DAY, Convention())
    assert daily.expected(int(ns("2023-11-24T18:00")[0])) == {"AAPL"}
    assert daily.expected(int(ns("2023-11-24T21:00")[0])) == frozenset()


def test_off_grid():
    calendar = Calendar(("BTC/USD", "AAPL"), HOUR, Convention())
    times = ns("2023-11-24T10:00", "2023-11-24T10:30", "2023-11-24T10:00:07")
    assert calendar.off_grid("BTC/USD", times).tolist() == [False, True, True]
    assert calendar.off_grid("AAPL", times).tolist() == [False, False, True]
    assert not Calendar(("AAPL",), DAY, Convention()).off_grid("AAPL", times).any()


def test_unknown_venue():
    with pytest.raises(UsageError, match="XNYS"):
        Calendar(("AAPL",), HOUR, Convention(venue="XNYX"))
