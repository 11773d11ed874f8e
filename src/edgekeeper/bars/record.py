"""The record itself, and what it is checked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.bars.arrays import index_symbols, int64_times
from edgekeeper.bars.frames import as_polars, nanoseconds, numbers
from edgekeeper.errors import BadData, nearest
from edgekeeper.types import Float64Array, Int32Array, Int64Array

if TYPE_CHECKING:
    import polars as pl

__all__ = ["COLUMNS", "Bars"]

COLUMNS = ("open", "high", "low", "close", "volume")
_DAY_NS = 86_400 * 10**9
_YEAR_DAYS = 365.25
_LOOK = 1_024  # rows looked at first, where a few of a symbol are wanted


@dataclass(frozen=True)
class Bars:
    """Bars of ``S`` symbols in canonical order: by event time, then symbol name.

    Use :meth:`from_frame` (any frame) or :meth:`from_arrays`; both check what they are given.

    Attributes
    ----------
    symbols : tuple of str
        Sorted names; ``symbol`` holds indices into it.
    symbol : int32 [N]
    event_time : int64 [N]
        Instant each bar closes, nanoseconds UTC.
    known_time : int64 [N]
        Instant each bar could first be read; never before ``event_time``.
    open, high, low, close, volume : float64 [N]
        Raw prices as traded. Volume may be NaN where a venue gives none.
    adjustment : float64 [N]
        Units held now per unit bought at the symbol's first bar (splits, reinvested dividends):
        1.0 at the start, known at each ex-date, never revised.
    context : mapping of name to float64 [N]
        Further columns, already joined by known time, such as ``"VIX.close"``.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"timestamp": ["2024-01-02", "2024-01-03"], "symbol": "A",
    ...     "open": [1.0, 1.1], "high": [1.2, 1.2], "low": [0.9, 1.0],
    ...     "close": [1.1, 1.15], "volume": [10.0, 12.0]})
    >>> bars = Bars.from_frame(frame)
    >>> len(bars), bars.symbols
    (2, ('A',))
    """

    symbols: tuple[str, ...]
    symbol: Int32Array
    event_time: Int64Array
    known_time: Int64Array
    open: Float64Array
    high: Float64Array
    low: Float64Array
    close: Float64Array
    volume: Float64Array
    adjustment: Float64Array
    context: Mapping[str, Float64Array] = field(default_factory=dict)

    # -- making ---------------------------------------------------------------------------------

    @classmethod
    def from_arrays(
        cls,
        *,
        symbol: Sequence[str] | np.ndarray[Any, Any],
        event_time: Int64Array,
        open: Float64Array,
        high: Float64Array,
        low: Float64Array,
        close: Float64Array,
        volume: Float64Array | None = None,
        known_time: Int64Array | None = None,
        adjustment: Float64Array | None = None,
        context: Mapping[str, Float64Array] | None = None,
    ) -> "Bars":
        """Sort, check and freeze columns of equal length ``N``, in any row order.

        Raises
        ------
        BadData
            Empty, unequal lengths, a bar without time or symbol, text, duplicated (time, symbol),
            prices not positive and finite, high below low, or facts known before they happened.
        """
        event_time = int64_times("event_time", event_time)
        if event_time.ndim != 1 or len(event_time) == 0:
            raise BadData(
                f"expected at least one bar, got event times of shape {event_time.shape}: check "
                "the file or the date range"
            )
        names, index = index_symbols(symbol, len(event_time))
        order = np.lexsort((index, event_time))

        def column(name: str, values: Any, dtype: Any = np.float64) -> Any:
            try:
                array = np.asarray(values, dtype=dtype)
            except (TypeError, ValueError) as error:
                raise BadData(f"expected numbers in {name!r}: {error}") from error
            if array.shape != event_time.shape:
                raise BadData(
                    f"expected {len(event_time)} values in every column, got {array.shape} in "
                    f"{name!r}"
                )
            array = np.ascontiguousarray(array[order])
            array.flags.writeable = False
            return array

        unknown = np.full(len(event_time), np.nan)
        bars = cls(
            symbols=names,
            symbol=column("symbol", index, np.int32),
            event_time=column("event_time", event_time, np.int64),
            known_time=column(
                "known_time",
                event_time if known_time is None else int64_times("known_time", known_time),
                np.int64,
            ),
            open=column("open", open),
            high=column("high", high),
            low=column("low", low),
            close=column("close", close),
            volume=column("volume", unknown if volume is None else volume),
            adjustment=column(
                "adjustment", np.ones(len(event_time)) if adjustment is None else adjustment
            ),
            context=MappingProxyType({k: column(k, v) for k, v in (context or {}).items()}),
        )
        bars._check()
        return bars

    @classmethod
    def from_frame(cls, frame: Any) -> "Bars":
        """Read a long frame: ``timestamp, symbol, open, high, low, close[, volume]``.

        Any frame that narwhals understands (Polars, pandas, Arrow). ``timestamp`` is the instant
        a bar closes: text in ISO form, dates, or datetimes; without a zone it is read as UTC.
        Optional ``known_time`` and ``adjustment``; every other numeric column becomes context.
        Files with other names, start stamps or bad rows go through ``edgekeeper import``.

        Raises
        ------
        BadData
            A missing column, text in prices, or what :meth:`from_arrays` refuses.
        """
        import polars as pl

        table = as_polars(frame)
        for name in ("timestamp", "symbol", "open", "high", "low", "close"):
            if name not in table.columns:
                raise BadData(
                    f"expected a column {name!r}, got {table.columns}{nearest(name, table.columns)}"
                )
        if table.height == 0:
            raise BadData("expected at least one bar, got an empty frame")
        reserved = {"timestamp", "symbol", "known_time", "adjustment", *COLUMNS}
        extra = [c for c in table.columns if c not in reserved and table[c].dtype.is_numeric()]
        if table["symbol"].null_count():
            raise BadData(
                f"expected a symbol in every row, got {table['symbol'].null_count()} empty"
            )
        return cls.from_arrays(
            symbol=table["symbol"].cast(pl.String).to_numpy(),
            event_time=nanoseconds(table["timestamp"]),
            known_time=nanoseconds(table["known_time"]) if "known_time" in table.columns else None,
            adjustment=numbers(table, "adjustment") if "adjustment" in table.columns else None,
            volume=numbers(table, "volume") if "volume" in table.columns else None,
            open=numbers(table, "open"),
            high=numbers(table, "high"),
            low=numbers(table, "low"),
            close=numbers(table, "close"),
            context={name: numbers(table, name) for name in extra},
        )

    def _check(self) -> None:
        """Refuse what no room downstream should have to think about."""
        same = (np.diff(self.event_time) == 0) & (np.diff(self.symbol) == 0)
        if same.any():
            row = int(np.argmax(same))
            raise BadData(
                f"expected one bar per time and symbol, got {int(same.sum())} duplicated, first "
                f"{self.symbols[self.symbol[row]]} at {_iso(self.event_time[row])}: "
                "`edgekeeper import` quarantines them"
            )
        for name in ("open", "high", "low", "close", "adjustment"):
            values = getattr(self, name)
            bad = ~(np.isfinite(values) & (values > 0))
            if bad.any():
                row = int(np.argmax(bad))
                raise BadData(
                    f"expected positive finite numbers in {name!r}, got {values[row]!r} for "
                    f"{self.symbols[self.symbol[row]]} at {_iso(self.event_time[row])}"
                )
        slack = 1e-9 * self.close
        outside = (self.high + slack < np.maximum(self.open, self.close)) | (
            self.low - slack > np.minimum(self.open, self.close)
        )
        if outside.any():
            row = int(np.argmax(outside))
            raise BadData(
                "expected low <= open, close <= high, got "
                f"open {self.open[row]}, high {self.high[row]}, low {self.low[row]}, close "
                f"{self.close[row]} for {self.symbols[self.symbol[row]]} at "
                f"{_iso(self.event_time[row])}"
            )
        if ((self.volume < 0) | np.isinf(self.volume)).any():
            row = int(np.argmax((self.volume < 0) | np.isinf(self.volume)))
            raise BadData(
                f"expected a finite volume of zero or more, or NaN for none, got "
                f"{self.volume[row]} for {self.symbols[self.symbol[row]]} at "
                f"{_iso(self.event_time[row])}"
            )
        if (self.known_time < self.event_time).any():
            raise BadData("expected known_time at or after event_time, got an earlier one")

    # -- reading --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.event_time)

    @cached_property
    def instants(self) -> Int64Array:
        """Distinct event times, int64 [T]."""
        return self.event_time[self.instant_offsets[:-1]]

    @cached_property
    def instant_offsets(self) -> Int64Array:
        """Row where each instant begins, and ``N`` at the end: int64 [T + 1]."""
        starts = np.unique(self.event_time, return_index=True)[1]
        return np.append(starts, len(self)).astype(np.int64)

    @cached_property
    def by_symbol(self) -> Int64Array:
        """Rows grouped by symbol, in time order within each: int64 [N]."""
        return np.argsort(self.symbol, kind="stable").astype(np.int64)

    @cached_property
    def symbol_offsets(self) -> Int64Array:
        """Where each symbol's group begins within ``by_symbol``: int64 [S + 1]."""
        counts = np.bincount(self.symbol, minlength=len(self.symbols))
        return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)

    def adjusted(self, name: str) -> Float64Array:
        """Price column times ``adjustment``: continuous over splits, without looking ahead."""
        column: Float64Array = getattr(self, name)
        return column / self.adjustment if name == "volume" else column * self.adjustment

    @cached_property
    def interval_ns(self) -> int:
        """Usual distance between two bars of a symbol, from the first hundred instants."""
        gaps = np.diff(self.instants[:100])
        return int(np.median(gaps)) if len(gaps) else _DAY_NS

    @cached_property
    def periods_per_year(self) -> float:
        """Bars of one symbol in a year, judged from the first two weeks or hundred instants.

        Only the start is read, so a longer history never changes figures of a shorter one. A year
        has 252 trading days, unless a Saturday is among them: then every day counts, as it does
        for crypto (currencies trade late on Sundays, but never on Saturdays).
        """
        instants = self.instants
        if len(instants) < 3:
            return 252.0
        two_weeks = int(np.searchsorted(instants, instants[0] + 14 * _DAY_NS))
        first = instants[: max(100, two_weeks)]
        if self.interval_ns >= 2 * _DAY_NS:
            return float(_YEAR_DAYS * _DAY_NS / self.interval_ns)
        day, per_day = np.unique(first // _DAY_NS, return_counts=True)
        days = _YEAR_DAYS if ((day + 3) % 7 == 5).any() else 252.0
        return float(days * np.median(per_day))

    @property
    def symbols_present(self) -> tuple[str, ...]:
        """Names of the symbols that have at least one bar here."""
        return tuple(self.symbols[i] for i in np.unique(self.symbol))

    def rows(self, start: int, stop: int) -> "Bars":
        """Rows ``start:stop`` in canonical order. Symbols keep their indices."""
        return self._picked(slice(start, stop))

    def take(self, rows: Int64Array) -> "Bars":
        """Some rows, by their numbers, which rise."""
        return self._picked(rows)

    def first_rows(self, symbol: int, start: int, most: int) -> Int64Array:
        """Rows of a symbol from row ``start`` on, the first ``most`` of them at most."""
        found, count, step = [np.zeros(0, dtype=np.int64)], 0, _LOOK
        while start < len(self) and count < most:
            found.append(start + np.flatnonzero(self.symbol[start : start + step] == symbol))
            count, start, step = count + len(found[-1]), start + step, 2 * step
        return np.concatenate(found)[:most]

    def last_rows(self, symbol: int, most: int) -> Int64Array:
        """The last ``most`` rows of a symbol, or all where it has fewer."""
        found, count, stop, step = [np.zeros(0, dtype=np.int64)], 0, len(self), _LOOK
        while stop > 0 and count < most:
            start = max(stop - step, 0)
            found.insert(0, start + np.flatnonzero(self.symbol[start:stop] == symbol))
            count, stop, step = count + len(found[0]), start, 2 * step
        rows = np.concatenate(found)
        return rows[max(len(rows) - most, 0) :]

    def _picked(self, pick: "slice | Int64Array") -> "Bars":
        return Bars(
            symbols=self.symbols,
            symbol=self.symbol[pick],
            event_time=self.event_time[pick],
            known_time=self.known_time[pick],
            open=self.open[pick],
            high=self.high[pick],
            low=self.low[pick],
            close=self.close[pick],
            volume=self.volume[pick],
            adjustment=self.adjustment[pick],
            context={k: v[pick] for k, v in self.context.items()},
        )

    def among(self, symbols: Sequence[str]) -> "Bars":
        """The same bars, told apart among more symbols, sorted; all of ours have to be there.

        Raises
        ------
        BadData
            A symbol that is none of these.
        """
        place = {name: i for i, name in enumerate(symbols)}
        missing = [name for name in self.symbols_present if name not in place]
        if missing:
            raise BadData(
                f"expected bars of {', '.join(symbols)}, got one of {missing[0]!r}"
                f"{nearest(missing[0], symbols)}"
            )
        codes = np.array([place.get(name, -1) for name in self.symbols], dtype=np.int32)
        return replace(self, symbols=tuple(symbols), symbol=codes[self.symbol])

    def known_at(self, time_ns: int) -> "Bars":
        """The same bars, known no sooner than ``time_ns``: when a live run got them."""
        return replace(self, known_time=np.maximum(self.known_time, time_ns))

    def since(self, start: int) -> "Bars":
        """Rows from ``start`` on, which keep what was judged from the whole: bars a year."""
        return self.rows(start, len(self)).judged_by(self)

    def judged_by(self, whole: "Bars") -> "Bars":
        """The same bars, with what was judged from the whole that they are part of: bars a year."""
        same = replace(self)
        same.__dict__.update(periods_per_year=whole.periods_per_year, interval_ns=whole.interval_ns)
        return same

    def until(self, time_ns: int) -> "Bars":
        """Bars that closed at or before ``time_ns``."""
        return self.rows(0, int(np.searchsorted(self.event_time, time_ns, side="right")))

    def to_polars(self) -> "pl.DataFrame":
        """Long Polars frame that :meth:`from_frame` reads back."""
        import polars as pl

        utc = pl.Datetime("ns", "UTC")
        return pl.DataFrame(
            {
                "timestamp": pl.Series(self.event_time).cast(utc),
                "symbol": np.asarray(self.symbols)[self.symbol],
                **{name: getattr(self, name) for name in COLUMNS},
                "adjustment": self.adjustment,
                "known_time": pl.Series(self.known_time).cast(utc),
                **self.context,
            }
        )


def _iso(time_ns: int) -> str:
    return str(np.datetime64(int(time_ns), "ns").astype("datetime64[s]"))
