"""``Bars``: OHLCV of one or many symbols as plain arrays, in one canonical order.

Everything between the data store and the ledger works on this record. It is checked once, when it
is made, so no room has to check again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.errors import BadData, nearest
from edgekeeper.types import Float64Array, Int32Array, Int64Array

if TYPE_CHECKING:
    import polars as pl

__all__ = ["COLUMNS", "Bars"]

COLUMNS = ("open", "high", "low", "close", "volume")
_DAY_NS = 86_400 * 10**9
_YEAR_DAYS = 365.25


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
            Empty, unequal lengths, duplicated (time, symbol), prices not positive and finite,
            high below low, or facts known before they happened.
        """
        names, index = np.unique(np.asarray(symbol, dtype=str), return_inverse=True)
        event_time = np.asarray(event_time, dtype=np.int64)
        if len(event_time) == 0:
            raise BadData("expected at least one bar, got none: check the file or the date range")
        order = np.lexsort((index, event_time))

        def column(values: Any, dtype: Any = np.float64) -> Any:
            array = np.asarray(values, dtype=dtype)
            if array.shape != event_time.shape:
                raise BadData(
                    f"expected {len(event_time)} values in every column, got {array.shape}"
                )
            array = np.ascontiguousarray(array[order])
            array.flags.writeable = False
            return array

        unknown = np.full(len(event_time), np.nan)
        bars = cls(
            symbols=tuple(str(name) for name in names),
            symbol=column(index, np.int32),
            event_time=column(event_time, np.int64),
            known_time=column(event_time if known_time is None else known_time, np.int64),
            open=column(open),
            high=column(high),
            low=column(low),
            close=column(close),
            volume=column(unknown if volume is None else volume),
            adjustment=column(np.ones(len(event_time)) if adjustment is None else adjustment),
            context=MappingProxyType({k: column(v) for k, v in (context or {}).items()}),
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
        import narwhals as nw
        import polars as pl

        try:
            table = pl.from_arrow(nw.from_native(frame, eager_only=True).to_arrow())
        except TypeError as error:
            raise BadData(
                f"expected a Polars, pandas or Arrow frame, got {type(frame).__name__}"
            ) from error
        assert isinstance(table, pl.DataFrame)
        for name in ("timestamp", "symbol", "open", "high", "low", "close"):
            if name not in table.columns:
                raise BadData(
                    f"expected a column {name!r}, got {table.columns}{nearest(name, table.columns)}"
                )
        if table.height == 0:
            raise BadData("expected at least one bar, got an empty frame")
        reserved = {"timestamp", "symbol", "known_time", "adjustment", *COLUMNS}
        extra = [c for c in table.columns if c not in reserved and table[c].dtype.is_numeric()]
        return cls.from_arrays(
            symbol=table["symbol"].cast(pl.String).to_numpy(),
            event_time=_nanoseconds(table["timestamp"]),
            known_time=_nanoseconds(table["known_time"]) if "known_time" in table.columns else None,
            adjustment=_numbers(table, "adjustment") if "adjustment" in table.columns else None,
            volume=_numbers(table, "volume") if "volume" in table.columns else None,
            open=_numbers(table, "open"),
            high=_numbers(table, "high"),
            low=_numbers(table, "low"),
            close=_numbers(table, "close"),
            context={name: _numbers(table, name) for name in extra},
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
        if (self.volume < 0).any():
            raise BadData("expected volume of zero or more, got a negative one")
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
        starts = np.flatnonzero(np.diff(self.event_time, prepend=self.event_time[0] - 1))
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
        """Bars of one symbol in a year, judged from the first hundred instants alone.

        Only the start is read, so a longer history never changes figures of a shorter one.
        """
        first = self.instants[:100]
        if len(first) < 3:
            return 252.0
        weekend = ((first // _DAY_NS + 3) % 7 >= 5).any()
        days = _YEAR_DAYS if weekend else 252.0
        per_day = len(first) / len(np.unique(first // _DAY_NS))
        return float(days * round(per_day)) if per_day >= 1.5 else float(days)

    @property
    def symbols_present(self) -> tuple[str, ...]:
        """Names of the symbols that have at least one bar here."""
        return tuple(self.symbols[i] for i in np.unique(self.symbol))

    def rows(self, start: int, stop: int) -> "Bars":
        """Rows ``start:stop`` in canonical order. Symbols keep their indices."""
        pick = slice(start, stop)
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


def _nanoseconds(times: "pl.Series") -> Int64Array:
    """Event times as int64 nanoseconds UTC, from text, dates or datetimes."""
    import polars as pl

    try:
        if times.dtype == pl.String:
            times = times.str.to_datetime(time_unit="ns", time_zone="UTC", strict=True)
        elif isinstance(times.dtype, pl.Datetime) and times.dtype.time_zone is not None:
            times = times.dt.convert_time_zone("UTC")
        elif times.dtype.is_numeric():
            raise BadData(
                f"expected dates or datetimes in {times.name!r}, got bare numbers: convert them, "
                "or use `edgekeeper import`"
            )
        times = times.cast(
            pl.Datetime(
                "ns", times.dtype.time_zone if isinstance(times.dtype, pl.Datetime) else None
            )
        )
    except pl.exceptions.PolarsError as error:
        raise BadData(f"expected dates or datetimes in {times.name!r}: {error}") from error
    if times.null_count():
        raise BadData(
            f"expected a time in every row of {times.name!r}, got {times.null_count()} empty"
        )
    return times.to_physical().to_numpy().astype(np.int64)


def _numbers(table: "pl.DataFrame", name: str) -> Float64Array:
    import polars as pl

    series = table[name]
    if not series.dtype.is_numeric():
        raise BadData(
            f"expected numbers in {name!r}, got {series.dtype}: "
            "`edgekeeper import` finds and quarantines the rows"
        )
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
