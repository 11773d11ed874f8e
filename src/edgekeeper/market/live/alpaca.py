"""Alpaca's market data: bars of US stocks and of crypto, over its documented REST interface."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import polars as pl

from edgekeeper.clock import Clock, WallClock
from edgekeeper.errors import UsageError, nearest
from edgekeeper.market.convention import Convention
from edgekeeper.market.interval import DAY_NS, MINUTE_NS, interval_name
from edgekeeper.market.live.answers import HttpLimits, get_json
from edgekeeper.market.live.source import LIVE_ROWS, live_rows
from edgekeeper.market.live.trouble import SourceRefused, SourceTrouble
from edgekeeper.market.venues import venue

__all__ = ["Alpaca", "Feed"]

Feed = Literal["iex", "sip", "crypto"]
_FEEDS: tuple[Feed, ...] = ("iex", "sip", "crypto")
_KEY, _SECRET = "APCA_API_KEY_ID", "APCA_API_SECRET_KEY"
_HEADERS = {_KEY: "APCA-API-KEY-ID", _SECRET: "APCA-API-SECRET-KEY"}
_COLUMNS = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"}
_PAGE, _MOST_PAGES, _AT_ONCE = 10_000, 1_000, 100
_HOUR_NS = 60 * MINUTE_NS
_SECOND_NS = 10**9


class Alpaca:
    """Bars by Alpaca's data API: raw prices, regular hours.

    Keys come from the environment (``APCA_API_KEY_ID`` and ``APCA_API_SECRET_KEY``), are read for
    each request, and kept nowhere. Crypto needs none.

    Parameters
    ----------
    feed : {"iex", "sip", "crypto"}
        ``iex``: stocks by one exchange, free and at once, with its own volumes. ``sip``: stocks by
        all exchanges; now only with a paid plan. ``crypto``: pairs such as BTC/USD.
    url : str
    clock : Clock, optional
    limits : HttpLimits, optional

    Raises
    ------
    UsageError
        An unknown feed.

    Notes
    -----
    Protocol: https://docs.alpaca.markets/reference/stockbars (v2) and /cryptobars-1 (v1beta3).
    Stamps are starts, in UTC; hours begin on the clock, so that the first hour of New York's
    session begins half an hour before it. Days are New York's for stocks, Central Time's for
    crypto. Bars that lie wholly outside the session are left out.
    """

    look_back = 3
    idle_seconds = 3_600.0

    def __init__(
        self,
        feed: str = "iex",
        *,
        url: str = "https://data.alpaca.markets",
        clock: Clock | None = None,
        limits: HttpLimits | None = None,
    ) -> None:
        if feed not in _FEEDS:
            raise UsageError(
                f"alpaca: expected alpaca, alpaca:sip or alpaca:crypto, got {feed!r}"
                f"{nearest(feed, _FEEDS)}"
            )
        self.name = "alpaca"
        self._feed, self._url = feed, url.rstrip("/")
        self._crypto = feed == "crypto"
        self._clock = clock or WallClock()
        self._limits = limits or HttpLimits()
        self.convention = (
            Convention(stamp="start", venue="24/7", tz="America/Chicago")
            if self._crypto
            else Convention(stamp="start", venue="XNYS", tz="America/New_York")
        )

    def check(self, symbols: Sequence[str], interval_ns: int) -> None:
        """Refuse symbols of another shape than the feed's, an unknown interval, and no keys.

        Whether a symbol is listed shows with the first answer.

        Raises
        ------
        UsageError
            As said; the message has an example.
        """
        _timeframe(interval_ns)
        for symbol in symbols:
            if ("/" in symbol) != self._crypto:
                other = "crypto: use alpaca:crypto" if "/" in symbol else "a stock: use alpaca"
                raise UsageError(f"{symbol!r} looks like {other}")
            if not re.fullmatch(r"[A-Z0-9]{1,10}([./][A-Z0-9]{1,10})?", symbol):
                example = "BTC/USD" if self._crypto else "AAPL or BRK.B"
                raise UsageError(f"alpaca: expected a symbol such as {example}, got {symbol!r}")
        self._keys()

    def history(
        self, symbols: Sequence[str], interval_ns: int, start_ns: int, end_ns: int
    ) -> pl.DataFrame:
        """Return rows of a range, see :class:`LiveSource`.

        Raises
        ------
        SourceTrouble, SourceRefused
            As :func:`~edgekeeper.market.live.answers.get_json`; keys that are missing are refused.
        """
        parts = [pl.DataFrame(schema=LIVE_ROWS)]
        for first in range(0, len(symbols), _AT_ONCE):
            some = symbols[first : first + _AT_ONCE]
            for bars in self._pages(some, interval_ns, start_ns, end_ns):
                parts.append(live_rows(_records(bars)))
        rows = pl.concat(parts)
        return rows if self._crypto or interval_ns >= DAY_NS else _regular(rows, interval_ns)

    def _pages(
        self, symbols: Sequence[str], interval_ns: int, start_ns: int, end_ns: int
    ) -> Iterator[Mapping[str, Sequence[object]]]:
        """Bars by symbol, page after page."""
        params = {
            "symbols": ",".join(symbols),
            "timeframe": _timeframe(interval_ns),
            # a day's bar may close some days after it began, as over holidays
            "start": _rfc3339(start_ns - (interval_ns if interval_ns < DAY_NS else 5 * DAY_NS)),
            "end": _rfc3339(end_ns),
            "limit": str(_PAGE),
            "sort": "asc",
        }
        if not self._crypto:
            params |= {"adjustment": "raw", "feed": self._feed}
        path = "/v1beta3/crypto/us/bars" if self._crypto else "/v2/stocks/bars"
        seen: set[str] = set()
        while len(seen) < _MOST_PAGES:
            bars, token = _page(self._get(path, params))
            yield bars
            if token is None:
                return
            if token in seen:
                break
            seen.add(token)
            params["page_token"] = token
        raise SourceTrouble(
            "unreadable answer", f"{self._url}{path}: pages without an end, after {len(seen)}"
        )

    def _get(self, path: str, params: Mapping[str, str]) -> object:
        keys = self._keys()
        headers = {_HEADERS[name]: key for name, key in keys.items()}
        try:
            return get_json(
                self._url + path,
                params,
                headers,
                clock=self._clock,
                limits=self._limits,
                secrets=tuple(keys.values()),
            )
        except SourceRefused as error:
            raise SourceRefused(f"{error}; {self._advice(str(error))}") from None

    def _advice(self, said: str) -> str:
        if ": 401 " in said or (": 403 " in said and self._feed == "iex"):
            return (
                f"check {_KEY} and {_SECRET}: both of one pair, of the same account, not revoked "
                "(app.alpaca.markets, API Keys)"
            )
        if ": 403 " in said:
            return f"your plan has no {self._feed}: use alpaca, which is free"
        if ": 422 " in said or ": 400 " in said:
            return "look at the symbols and the interval: Alpaca does not carry one of them"
        return "see https://docs.alpaca.markets"

    def _keys(self) -> dict[str, str]:
        """Keys by the name of their variable, empty for crypto without any."""
        keys = {name: os.environ.get(name, "").strip() for name in _HEADERS}
        missing = [name for name, key in keys.items() if not key]
        if len(missing) == 2 and self._crypto:
            return {}
        if missing:
            raise SourceRefused(
                f"alpaca: expected keys in the environment, found no {' and no '.join(missing)}: "
                "make a free pair at app.alpaca.markets and export both; crypto needs none: "
                "alpaca:crypto"
            )
        for name, key in keys.items():
            if not (key.isascii() and key.isprintable()) or " " in key:
                raise SourceRefused(
                    f"{name}: expected letters and digits alone: copy the key again"
                )
        return keys


def _timeframe(interval_ns: int) -> str:
    if interval_ns == DAY_NS:
        return "1Day"
    if interval_ns < _HOUR_NS:
        return f"{interval_ns // MINUTE_NS}Min"
    if interval_ns % _HOUR_NS == 0:
        return f"{interval_ns // _HOUR_NS}Hour"
    raise UsageError(
        f"alpaca: expected 1m to 59m, 1h to 23h or 1d, got {interval_name(interval_ns)}"
    )


def _page(answer: object) -> tuple[Mapping[str, Sequence[object]], str | None]:
    bars = answer.get("bars", False) if isinstance(answer, dict) else False
    bars = {} if bars is None else bars
    token = answer.get("next_page_token") if isinstance(answer, dict) else None
    if not isinstance(bars, dict) or not all(isinstance(part, list) for part in bars.values()):
        raise SourceTrouble(
            "unreadable answer", f"alpaca: expected bars by symbol, got {str(answer)[:120]}"
        )
    return bars, str(token) if token else None


def _records(
    bars: Mapping[str, Sequence[object]],
) -> Iterator[tuple[str, int | None, Mapping[str, object], object]]:
    for symbol, rows in bars.items():
        for row in rows:
            values = row if isinstance(row, dict) else {}
            named = {name: values.get(letter) for name, letter in _COLUMNS.items()}
            yield symbol, _instant(values.get("t")), named, row


def _instant(text: object) -> int | None:
    """Nanoseconds of an RFC 3339 time; None where there is none, or it has no offset."""
    try:
        time = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if time is None or time.tzinfo is None:
        return None
    return int((time - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * _SECOND_NS


def _rfc3339(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // _SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _regular(rows: pl.DataFrame, interval_ns: int) -> pl.DataFrame:
    """Rows that touch New York's session, and those whose time cannot be read."""
    place = venue("XNYS")
    start = rows["time"].to_physical().fill_null(0).to_numpy()
    at = np.searchsorted(place.closes, start, side="right").clip(max=len(place.closes) - 1)
    inside = pl.Series(place.opens[at] < start + interval_ns)
    return rows.filter(inside | rows["time"].is_null())
