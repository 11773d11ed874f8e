"""Public candles of a crypto exchange, by the library ccxt: about a hundred of them, no key."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import polars as pl

from edgekeeper.clock import Clock, WallClock
from edgekeeper.errors import UsageError, nearest
from edgekeeper.market.convention import Convention
from edgekeeper.market.interval import interval_name, parse_interval
from edgekeeper.market.live.source import live_rows
from edgekeeper.market.live.trouble import SourceRefused, SourceTrouble, Trouble
from edgekeeper.waiting import told_wait

if TYPE_CHECKING:
    from ccxt.base.exchange import Exchange

__all__ = ["CryptoExchange"]

_COLUMNS = ("open", "high", "low", "close", "volume")
_MOST_PAGES = 10_000
_MS = 10**6
_T = TypeVar("_T")
_Record = tuple[str, int | None, Mapping[str, object], object]
# what the library lets through when an exchange sends something of another shape
_SHAPE = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class CryptoExchange:
    """Candles of one exchange as ccxt reads them. The one still open is left out.

    Parameters
    ----------
    exchange : str
        ccxt's name, such as ``"kraken"``.
    client : ccxt exchange, optional
        One set up already, for a proxy or another address.
    clock : Clock, optional

    Raises
    ------
    UsageError
        ccxt is not installed, no such exchange, or one without candles.

    Notes
    -----
    ccxt keeps to the exchange's rate limit by itself, which makes many symbols slow: each is one
    request, on Kraken one a second. Kraken tells the last 720 candles alone, whatever is asked.
    """

    look_back = 3
    idle_seconds = 3_600.0

    def __init__(
        self, exchange: str, client: "Exchange | None" = None, clock: Clock | None = None
    ) -> None:
        self.name = exchange
        self.convention = Convention(stamp="start", venue="24/7")
        self._clock = clock or WallClock()
        self._client = client if client is not None else _client(exchange)
        self._client.enableLastJsonResponse = True
        self._client.enableLastResponseHeaders = True

    def check(self, symbols: Sequence[str], interval_ns: int) -> None:
        """Refuse symbols the exchange does not list, and intervals it has no candles of.

        Raises
        ------
        UsageError
            As said; the message names the nearest.
        SourceTrouble
            The exchange does not tell its markets now.
        """
        self._timeframe(interval_ns)
        listed = self._asked(self._client.load_markets)
        for symbol in symbols:
            if symbol not in listed:
                raise UsageError(
                    f"{self.name}: expected a pair such as {', '.join(sorted(listed)[:3])}, got "
                    f"{symbol!r}{nearest(symbol, listed)}"
                )

    def history(
        self, symbols: Sequence[str], interval_ns: int, start_ns: int, end_ns: int
    ) -> pl.DataFrame:
        """Return rows of a range, see :class:`LiveSource`.

        Raises
        ------
        SourceTrouble, SourceRefused
            As the exchange answers.
        """
        timeframe = self._timeframe(interval_ns)
        return live_rows(
            record
            for symbol in symbols
            for record in self._candles(symbol, timeframe, interval_ns, start_ns, end_ns)
        )

    def _candles(
        self, symbol: str, timeframe: str, interval_ns: int, start_ns: int, end_ns: int
    ) -> Iterator[_Record]:
        """Candles from the first that closes in the range on, page after page."""
        since = (start_ns - interval_ns) // _MS
        for _ in range(_MOST_PAGES):
            candles = self._page(symbol, timeframe, since)
            newest = since
            for candle in candles:
                record = _record(symbol, candle)
                opened = record[1]
                if opened is not None:
                    newest = max(newest, opened // _MS)
                    if opened <= end_ns < opened + interval_ns:
                        continue
                yield record
            if newest <= since or newest * _MS + 2 * interval_ns > end_ns:
                return
            since = newest + interval_ns // _MS

    def _page(self, symbol: str, timeframe: str, since_ms: int) -> Sequence[object]:
        self._client.last_json_response = None
        candles = self._asked(lambda: self._client.fetch_ohlcv(symbol, timeframe, since_ms))
        if self._client.last_json_response is None or not isinstance(candles, list):
            raise SourceTrouble(
                "unreadable answer", f"{self.name}: expected candles of {symbol} as JSON, got none"
            )
        return candles

    def _asked(self, question: Callable[[], _T]) -> _T:
        """Ask the client, with its errors told as ours."""
        import ccxt

        try:
            return question()
        except ccxt.BaseError as error:
            raise self._told(error) from error
        except _SHAPE as error:
            raise SourceTrouble(
                "unreadable answer", f"{self.name}: {type(error).__name__}: {str(error)[:160]}"
            ) from error

    def _told(self, error: Exception) -> SourceTrouble | SourceRefused:
        import ccxt

        said = f"{self.name}: {' '.join(str(error).split())[:200]}"
        if isinstance(error, ccxt.DDoSProtection | ccxt.RateLimitExceeded):
            headers = self._client.last_response_headers or {}
            wait = told_wait(headers.get("Retry-After"), self._clock.now_ns())
            return SourceTrouble("rate limit", said, wait)
        kinds: list[tuple[type[Exception], Trouble]] = [
            (ccxt.RequestTimeout, "timeout"),
            (ccxt.ExchangeNotAvailable, "server error"),
            (ccxt.NetworkError, "lost connection"),
        ]
        for kind, name in kinds:
            if isinstance(error, kind):
                return SourceTrouble(name, said)
        no = (ccxt.AuthenticationError, ccxt.BadRequest, ccxt.NotSupported, ccxt.PermissionDenied)
        if isinstance(error, no):
            return SourceRefused(
                f"{said}: look at the symbols, the interval, and whether this "
                "exchange serves your country"
            )
        return SourceTrouble("server error", said)

    def _timeframe(self, interval_ns: int) -> str:
        known = self._client.timeframes or {}
        for text in known:
            if _length(text) == interval_ns:
                return str(text)
        name = interval_name(interval_ns)
        raise UsageError(
            f"{self.name}: expected an interval of {', '.join(known)}, got {name!r}"
            f"{nearest(name, known)}"
        )


def _client(exchange: str) -> "Exchange":
    try:
        import ccxt
    except ImportError as error:
        raise UsageError(
            f"ccxt:{exchange} needs ccxt, which is not installed: pip install 'edgekeeper[ccxt]'"
        ) from error
    if exchange not in ccxt.exchanges:
        raise UsageError(
            f"ccxt: expected one of {len(ccxt.exchanges)} exchanges such as kraken, coinbase or "
            f"bitstamp, as in ccxt:kraken, got {exchange!r}{nearest(exchange, ccxt.exchanges)}"
        )
    client: Exchange = getattr(ccxt, exchange)({"enableRateLimit": True})
    if not client.has.get("fetchOHLCV"):
        raise UsageError(f"ccxt:{exchange} tells no candles: choose another, as ccxt:kraken")
    return client


def _length(timeframe: str) -> int | None:
    """Nanoseconds of ccxt's name of an interval; None outside a minute to a day (``1M`` is a
    month)."""
    try:
        return parse_interval(timeframe) if timeframe == timeframe.lower() else None
    except UsageError:
        return None


def _record(symbol: str, candle: object) -> _Record:
    values = list(candle) if isinstance(candle, list | tuple) else []
    opened = values[0] if values else None
    time_ns = int(opened) * _MS if isinstance(opened, int | float) and opened == opened else None
    return symbol, time_ns, dict(zip(_COLUMNS, values[1:], strict=False)), candle
