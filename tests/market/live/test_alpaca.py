from datetime import UTC, datetime

import numpy as np
import pytest

from edgekeeper.clock import ManualClock
from edgekeeper.errors import UsageError
from edgekeeper.market import list_quarantine
from edgekeeper.market.live import Alpaca, BarPoller, SourceRefused, SourceTrouble
from edgekeeper.market.live.answers import HttpLimits

from .conftest import HOUR
from .vendor import Tape, alpaca_bar

pytest.importorskip("httpx")
KEY, SECRET = "PKTESTKEY123", "very-secret-456"
PATIENT = HttpLimits(silence_seconds=10.0, total_seconds=20.0, most_bytes=200_000)
SHORT = HttpLimits(silence_seconds=0.8, total_seconds=1.0, most_bytes=200_000)


def ns(text):
    return int(np.datetime64(text, "ns").astype(np.int64))


DAY = ns("2023-11-15T00:00")
RESET = str((DAY + 23 * HOUR) // 10**9 + 40)


def hourly(first=0, hours=24, **changed):
    times = [datetime.fromtimestamp((DAY + h * HOUR) / 1e9, UTC) for h in range(first, hours)]
    return [alpaca_bar(f"{t:%Y-%m-%dT%H:%M:%SZ}", 100 + t.hour, **changed) for t in times]


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    monkeypatch.setenv("APCA_API_KEY_ID", KEY)
    monkeypatch.setenv("APCA_API_SECRET_KEY", SECRET)


@pytest.fixture
def stocks(serve):
    """A vendor of two stocks, the source that asks it, and their clock."""
    vendor = serve(Tape({"AAPL": hourly(), "MSFT": hourly()}))
    clock = ManualClock(DAY + 23 * HOUR)
    return vendor, Alpaca(url=vendor.url, clock=clock, limits=PATIENT), clock


def poller_of(source, clock, folder, symbols=("AAPL",), **options):
    def sleep(seconds):
        clock.time_ns += round(seconds * 10**9)

    return BarPoller(
        source, symbols, "1h", clock=clock, store_folder=folder, sleep=sleep, **options
    )


def test_pages_of_regular_hours_for_both_symbols(stocks):
    vendor, source, _ = stocks
    source.check(["AAPL", "MSFT"], HOUR)
    rows = source.history(["AAPL", "MSFT"], HOUR, DAY, DAY + 23 * HOUR)
    # New York trades from 14:30 to 21:00 UTC in November; hours begin on the clock
    assert rows["time"].dt.hour().unique().sort().to_list() == [14, 15, 16, 17, 18, 19, 20]
    assert rows["symbol"].value_counts(sort=True).rows() == [("AAPL", 7), ("MSFT", 7)]
    assert len(vendor.asked) > 5
    path, params, headers = vendor.asked[0]
    assert path == "/v2/stocks/bars"
    assert params["timeframe"] == "1Hour"
    assert (params["feed"], params["adjustment"], params["sort"]) == ("iex", "raw", "asc")
    assert params["symbols"] == "AAPL,MSFT"
    assert (headers["APCA-API-KEY-ID"], headers["APCA-API-SECRET-KEY"]) == (KEY, SECRET)


def test_the_last_bar_of_a_half_day_ends_with_the_session(serve, tmp_path):
    half = [alpaca_bar("2023-11-24T17:00:00Z"), alpaca_bar("2023-11-24T18:00:00Z")]
    vendor = serve(Tape({"AAPL": half}))
    clock = ManualClock(ns("2023-11-24T17:30"))
    poller = poller_of(Alpaca(url=vendor.url, clock=clock, limits=PATIENT), clock, tmp_path)
    got = poller.next(24 * 3_600)
    assert got.event_time.tolist() == [ns("2023-11-24T18:00")]


def test_days_close_with_new_york(serve, tmp_path):
    days = [alpaca_bar(f"2023-11-{d:02}T05:00:00Z", d) for d in (21, 22, 24, 27)]
    vendor = serve(Tape({"AAPL": days}))
    clock = ManualClock(ns("2023-11-21T12:00"))
    source = Alpaca(url=vendor.url, clock=clock, limits=PATIENT)
    poller = BarPoller(
        source, ["AAPL"], "1d", clock=clock, store_folder=tmp_path,
        sleep=lambda s: clock.advance_to(clock.time_ns + round(s * 1e9)),
    )  # fmt: skip
    closes = [str(np.datetime64(int(poller.next(9e5).event_time[0]), "ns"))[:16] for _ in days]
    # Thanksgiving has no session, the day after is a half one
    assert closes == [
        "2023-11-21T21:00", "2023-11-22T21:00", "2023-11-24T18:00", "2023-11-27T21:00",
    ]  # fmt: skip
    assert poller.health.missing == 0


def test_crypto_days_are_central_time_and_need_no_key(serve, monkeypatch, tmp_path):
    monkeypatch.delenv("APCA_API_KEY_ID", raising=False)
    monkeypatch.delenv("APCA_API_SECRET_KEY", raising=False)
    stamps = ["2023-11-03T05", "2023-11-04T05", "2023-11-05T05", "2023-11-06T06", "2023-11-07T06"]
    days = [alpaca_bar(f"{stamp}:00:00Z", 30_000) for stamp in stamps]
    vendor = serve(Tape({"BTC/USD": days}))
    clock = ManualClock(ns("2023-11-03T05:00"))
    source = Alpaca("crypto", url=vendor.url, clock=clock, limits=PATIENT)
    source.check(["BTC/USD"], 24 * HOUR)
    poller = BarPoller(
        source, ["BTC/USD"], "1d", clock=clock, store_folder=tmp_path,
        sleep=lambda s: clock.advance_to(clock.time_ns + round(s * 1e9)),
    )  # fmt: skip
    closes = [str(np.datetime64(int(poller.next(2e5).event_time[0]), "ns"))[:13] for _ in range(4)]
    # the clocks go back on the fifth: that day has 25 hours
    assert closes == stamps[1:]
    assert poller.health.missing == 0
    path, params, headers = vendor.asked[0]
    assert path == "/v1beta3/crypto/us/bars"
    assert not {"feed", "adjustment"} & set(params)
    assert not any("APCA" in name.upper() for name in headers)


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        (500, "server error", None),
        (502, "server error", None),
        ((429, {"Retry-After": "17"}, {"message": "too many requests."}), "rate limit", 17.0),
        (
            (429, {"X-RateLimit-Reset": str((DAY + 23 * HOUR) // 10**9 + 40)}, {}),
            "rate limit",
            40.0,
        ),
        ((429, {}, {}), "rate limit", None),
        ((503, {"Retry-After": "5"}, {}), "server error", 5.0),
        (408, "timeout", None),
        ((302, {"Location": "http://127.0.0.1:9/"}, {}), "server error", None),
        ("drop", "lost connection", None),
        ("cut", "lost connection", None),
        ("hang", "timeout", None),
        ("drip", "timeout", None),
        ("garbage", "unreadable answer", None),
        ("html", "unreadable answer", None),
        ("nonsense", "unreadable answer", None),
        ((200, {}, {"bars": {"AAPL": "x" * 300_000}}), "unreadable answer", None),
        ((200, {}, {"bars": {"AAPL": 5}}), "unreadable answer", None),
        ((200, {}, {"message": "hello"}), "unreadable answer", None),
    ],
)
def test_trouble_is_told_by_its_kind(stocks, fault, kind, wait):
    vendor, source, clock = stocks
    vendor.faults = [fault]
    limits = SHORT if fault in ("hang", "drip") else PATIENT
    with pytest.raises(SourceTrouble) as caught:
        Alpaca(url=vendor.url, clock=clock, limits=limits).history(
            ["AAPL"], HOUR, DAY, DAY + 23 * HOUR
        )
    assert (caught.value.kind, caught.value.wait_seconds) == (kind, wait)
    assert source.history(["AAPL"], HOUR, DAY, DAY + 23 * HOUR).height == 7


def test_nobody_listens():
    source = Alpaca(url="http://127.0.0.1:9", limits=PATIENT)
    with pytest.raises(SourceTrouble) as caught:
        source.history(["AAPL"], HOUR, DAY, DAY + HOUR)
    assert caught.value.kind == "lost connection"


@pytest.mark.parametrize(
    ("status", "teaches"),
    [
        (401, "check APCA_API_KEY_ID and APCA_API_SECRET_KEY"),
        (403, "check APCA_API_KEY_ID"),
        (422, "look at the symbols and the interval"),
        (404, "docs.alpaca.markets"),
    ],
)
def test_refusals_teach_and_hide_the_keys(stocks, status, teaches):
    vendor, source, _ = stocks
    vendor.faults = [(status, {}, {"message": f"no access with {KEY} and {SECRET}"})]
    with pytest.raises(SourceRefused, match=teaches) as caught:
        source.history(["AAPL"], HOUR, DAY, DAY + HOUR)
    shown = repr(caught.value) + repr(vars(source)) + repr(source) + repr(caught.value.__context__)
    assert "no access with *** and ***" in str(caught.value)
    assert KEY not in shown
    assert SECRET not in shown


def test_a_plan_without_the_feed(serve):
    vendor = serve(Tape({}))
    vendor.faults = [(403, {}, {"message": "subscription does not permit recent SIP data"})]
    with pytest.raises(SourceRefused, match="your plan has no sip: use alpaca, which is free"):
        Alpaca("sip", url=vendor.url, limits=PATIENT).history(["AAPL"], HOUR, DAY, DAY + HOUR)


def test_keys_are_asked_for_without_being_shown(serve, monkeypatch):
    monkeypatch.delenv("APCA_API_KEY_ID", raising=False)
    monkeypatch.setenv("APCA_API_SECRET_KEY", SECRET)
    with pytest.raises(UsageError, match="no APCA_API_KEY_ID: make a free pair") as caught:
        Alpaca().check(["AAPL"], HOUR)
    assert SECRET not in str(caught.value)
    monkeypatch.setenv("APCA_API_KEY_ID", "two\nlines")
    with pytest.raises(UsageError, match="APCA_API_KEY_ID: expected letters and digits") as caught:
        Alpaca().check(["AAPL"], HOUR)
    assert "two" not in str(caught.value)


@pytest.mark.parametrize(
    ("feed", "symbol", "teaches"),
    [
        ("iex", "BTC/USD", "use alpaca:crypto"),
        ("crypto", "AAPL", "a stock: use alpaca"),
        ("iex", "aapl", "such as AAPL or BRK.B"),
        ("iex", "A,B", "such as AAPL"),
    ],
)
def test_symbols_of_another_kind(feed, symbol, teaches):
    with pytest.raises(UsageError, match=teaches):
        Alpaca(feed).check([symbol], HOUR)


def test_unknown_feed_and_interval():
    with pytest.raises(UsageError, match="alpaca:crypto, got 'crypt'; did you mean 'crypto'"):
        Alpaca("crypt")
    with pytest.raises(UsageError, match="1m to 59m, 1h to 23h or 1d"):
        Alpaca().check(["AAPL"], 90 * 60 * 10**9)


def test_a_token_that_never_ends(serve):
    vendor = serve(lambda *_: {"bars": {}, "next_page_token": "again"})
    with pytest.raises(SourceTrouble, match="pages without an end"):
        Alpaca(url=vendor.url, limits=PATIENT).history(["AAPL"], HOUR, DAY, DAY + HOUR)


def test_a_session_with_everything_wrong_comes_out_right(stocks, tmp_path):
    vendor, _, clock = stocks
    clock.time_ns = DAY + 14 * HOUR
    source = Alpaca(url=vendor.url, clock=clock, limits=SHORT)
    poller = poller_of(source, clock, tmp_path, patience_seconds=60)
    tape = {bar["t"][11:13]: bar for bar in hourly()}
    vendor.reply.bars = {"AAPL": []}
    got = []

    def until(hour, rows, faults=()):
        vendor.reply.bars["AAPL"] = rows
        vendor.faults = list(faults)
        clock.time_ns = DAY + hour * HOUR + 3 * 10**9
        while (bars := poller.next(600)) is not None:
            got.append(bars)

    until(15, [tape["14"], tape["14"]], ["drop", 500, "garbage"])
    until(16, [tape["15"], tape["14"]], [(429, {"Retry-After": "120"}, {"message": "slow down"})])
    until(17, [tape["14"]], ["hang"])  # the bar of 16:00 is late
    bad = {**tape["16"], "h": 1.0}
    until(18, [bad, tape["17"], {**tape["15"], "c": 115.75}, "no bar", {"t": "soon"}])
    until(19, [tape["16"], tape["18"], {**tape["19"], "t": "2033-01-03T15:00:00Z"}])
    closes = [int((bars.event_time[0] - DAY) // HOUR) for bars in got]
    assert closes == [15, 16, 18, 19]
    assert [float(bars.open[0]) for bars in got] == [114.0, 115.0, 117.0, 118.0]
    reasons = list_quarantine(tmp_path)["reason"].value_counts(sort=True).rows()
    assert dict(reasons) == {
        "high below low": 1, "revised": 1, "unreadable time": 2, "late": 1,
        "stamp in the future": 1,
    }  # fmt: skip
    assert poller.health.missing == 1
    assert poller.health.consecutive_failures == 0


def test_nanoseconds_and_odd_stamps(serve):
    odd = ["2023-11-15T15:00:00.000000001Z", "2023-11-15T10:00:00-05:00", "2023-11-15T15:00:00", 7]
    vendor = serve(lambda *_: {"bars": {"AAPL": [alpaca_bar(t) for t in odd]}})
    rows = Alpaca(url=vendor.url, limits=PATIENT).history(["AAPL"], HOUR, DAY, DAY + 23 * HOUR)
    assert rows["time"].is_null().to_list() == [False, False, True, True]
    assert rows["time"].drop_nulls().n_unique() == 1
