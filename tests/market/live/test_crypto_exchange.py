import pytest

from edgekeeper.clock import ManualClock
from edgekeeper.errors import UsageError
from edgekeeper.market import list_quarantine
from edgekeeper.market.live import (
    BarPoller,
    CryptoExchange,
    SourceRefused,
    SourceTrouble,
    open_live_source,
)

from .conftest import HOUR, START
from .vendor import Kraken, candle

ccxt = pytest.importorskip("ccxt")
_HOUR_S = 3_600


@pytest.fixture
def kraken(serve):
    """A vendor, ccxt's own Kraken class pointed at it, and the clock of both."""
    clock = ManualClock(START + 3 * HOUR + 60 * 10**9)
    vendor = serve(Kraken(clock))
    client = ccxt.kraken({"enableRateLimit": False, "timeout": 10_000})
    client.urls["api"]["public"] = vendor.url
    return vendor, CryptoExchange("kraken", client, clock), clock


def opened(rows):
    return ((rows["time"].to_physical().to_numpy() - START) // HOUR).tolist()


def test_closed_candles_alone(kraken):
    vendor, source, clock = kraken
    source.check(["BTC/USD", "ETH/USD"], HOUR)
    rows = source.history(["BTC/USD"], HOUR, START, clock.time_ns)
    # the candle of 3 o'clock is still open at one minute past
    assert opened(rows) == [-1, 0, 1, 2]
    assert rows["close"].to_list() == [99.5, 100.5, 101.5, 102.5]
    assert rows["volume"].to_list() == [12.5] * 4
    assert not any("API-Key" in headers for _, _, headers in vendor.asked)


def test_pages_by_since(kraken):
    vendor, source, clock = kraken
    vendor.reply.page = 7
    rows = source.history(["BTC/USD"], HOUR, START - 40 * HOUR, clock.time_ns)
    assert opened(rows) == list(range(-41, 3))
    assert sum(path.endswith("OHLC") for path, _, _ in vendor.asked) == 7


def test_a_page_that_repeats_itself_ends(kraken):
    vendor, source, clock = kraken
    vendor.reply._OHLC = lambda params: {params["pair"]: [candle(-20)], "last": 0}
    rows = source.history(["BTC/USD"], HOUR, START - 40 * HOUR, clock.time_ns)
    assert set(opened(rows)) == {-20}
    assert len(vendor.asked) < 6


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        (500, "server error", None),
        (503, "server error", None),
        (520, "server error", None),
        ((429, {"Retry-After": "33"}, {"error": []}), "rate limit", 33.0),
        ((200, {}, {"error": ["EAPI:Rate limit exceeded"]}), "rate limit", None),
        ((200, {}, {"error": ["EService:Unavailable"]}), "server error", None),
        ("drop", "lost connection", None),
        ("cut", "lost connection", None),
        ("hang", "timeout", None),
        ("garbage", "unreadable answer", None),
        ("html", "unreadable answer", None),
    ],
)
def test_trouble_is_told_by_its_kind(kraken, fault, kind, wait):
    vendor, source, clock = kraken
    source.check(["BTC/USD"], HOUR)
    vendor.faults = [fault]
    source._client.timeout = 800 if fault == "hang" else 10_000
    with pytest.raises(SourceTrouble) as caught:
        source.history(["BTC/USD"], HOUR, START, clock.time_ns)
    assert (caught.value.kind, caught.value.wait_seconds) == (kind, wait)
    assert source.history(["BTC/USD"], HOUR, START, clock.time_ns).height == 4


def test_refusals(kraken):
    vendor, source, clock = kraken
    source.check(["BTC/USD"], HOUR)
    vendor.reply._OHLC = lambda params: ["EGeneral:Invalid arguments"]
    with pytest.raises(SourceRefused, match="serves your country"):
        source.history(["BTC/USD"], HOUR, START, clock.time_ns)


def test_unknown_pair_and_interval(kraken):
    _, source, _ = kraken
    with pytest.raises(UsageError, match="did you mean 'BTC/USD'"):
        source.check(["BTC/USDX"], HOUR)
    with pytest.raises(UsageError, match=r"expected an interval of 1m, 5m.*got '3h'"):
        source.check(["BTC/USD"], 3 * HOUR)
    with pytest.raises(UsageError, match="did you mean 'kraken'"):
        open_live_source("ccxt:krakn")


def test_markets_that_cannot_be_told_now(kraken, tmp_path):
    vendor, source, clock = kraken
    vendor.faults = [500, 500]
    with pytest.raises(SourceTrouble):
        source.check(["BTC/USD"], HOUR)
    poller = BarPoller(
        source, ["BTC/USD"], "1h", clock=clock, store_folder=tmp_path,
        sleep=lambda s: clock.advance_to(clock.time_ns + round(s * 1e9)),
    )  # fmt: skip
    assert poller.health.consecutive_failures == 1
    assert float(poller.next(3_700).open[0]) == 103.0


def test_a_session_with_everything_wrong_comes_out_right(kraken, tmp_path):
    vendor, source, clock = kraken
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        clock.advance_to(clock.time_ns + round(seconds * 1e9))

    poller = BarPoller(
        source, ["BTC/USD", "ETH/USD"], "1h", clock=clock, store_folder=tmp_path, sleep=sleep,
    )  # fmt: skip
    history = poller.backfill(START - 5 * HOUR, clock.time_ns)
    assert len(history) == 2 * 9
    assert (history.event_time[0], history.event_time[-1]) == (START - 5 * HOUR, START + 3 * HOUR)

    first = poller.next(2 * 3_600)
    assert first.event_time.tolist() == [START + 4 * HOUR] * 2
    del vendor.reply.candles[54]  # a gap: nobody traded in the hour that closes at 5
    vendor.faults = ["drop", 500, (429, {"Retry-After": "90"}, {"error": []}), "html"]
    got = [poller.next(3 * 3_600)]
    assert any(abs(wait - 90) < 1 for wait in slept)
    assert got[0].event_time.tolist() == [START + 6 * HOUR] * 2
    assert poller.health.missing == 2

    vendor.reply.candles.insert(54, candle(4, 104))  # late
    vendor.reply.candles[55] = candle(5, 555)  # revised
    vendor.reply.candles[56] = candle(6, -3)  # no price
    clock.advance_to(START + 8 * HOUR + 10**10)
    assert poller.next(0).event_time.tolist() == [START + 8 * HOUR] * 2
    reasons = list_quarantine(tmp_path)["reason"].value_counts().rows()
    assert dict(reasons) == {"late": 2, "revised": 2, "price zero or negative": 2}
    assert "6 rows in quarantine" in poller.health.sentence(clock.time_ns)


def test_two_exchanges_of_the_library_have_the_same_shape(serve):
    """Binance's own class, whose candles are numbers with a close time of their own."""
    clock = ManualClock(START + 2 * HOUR)

    def reply(path, params, headers):
        if path.endswith("exchangeInfo"):
            return {"timezone": "UTC", "rateLimits": [], "symbols": [{
                "symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT",
                "isSpotTradingAllowed": True, "filters": [], "permissions": ["SPOT"],
                "baseAssetPrecision": 8, "quotePrecision": 8,
            }]}  # fmt: skip
        since = int(params["startTime"])
        hours = [START // 10**6 + h * _HOUR_S * 1_000 for h in range(-4, 3)]
        return [
            [t, "1.0", "2.0", "0.5", "1.5", "9.0", t + _HOUR_S * 1_000 - 1, "9", 3, "4", "4", "0"]
            for t in hours if t >= since
        ]  # fmt: skip

    vendor = serve(reply)
    client = ccxt.binance(
        {"enableRateLimit": False, "options": {"fetchMarkets": {"types": ["spot"]}}}
    )
    client.urls["api"]["public"] = f"{vendor.url}/api/v3"
    client.has["fetchCurrencies"] = False
    source = CryptoExchange("binance", client, clock)
    source.check(["BTC/USDT"], HOUR)
    rows = source.history(["BTC/USDT"], HOUR, START - HOUR, clock.time_ns)
    assert opened(rows) == [-2, -1, 0, 1]
