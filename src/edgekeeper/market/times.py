"""Read times as they come: text, dates, datetimes, unix numbers."""

import polars as pl

from edgekeeper.errors import BadData

__all__ = ["read_instants", "read_times"]

_OFFSET = r"(?i)(:\d{2}(?:\.\d+)?)\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2}){0,2})$"
_CLOCK = r"(?i)[ T]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*([AP]M)?$"
_COMPACT_CLOCK = r"^(\d{8})[ T](\d{2})(\d{2})(\d{2})$"
_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y",
    "%d-%m-%Y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y",
)  # fmt: skip
_SECOND_NS = 10**9
_DAY_NS = 86_400 * _SECOND_NS
# plausible readings of a bare number: 1973 to 2103, told apart by size alone
_UNIX = {"s": (10**8, 10**9), "ms": (10**11, 10**6), "us": (10**14, 10**3), "ns": (10**17, 1)}


def read_times(column: pl.Series, label: str, tz: str = "", dates: str = "") -> pl.DataFrame:
    """Return ``wall`` and ``utc``, int64 nanoseconds, one row per value.

    Parameters
    ----------
    column : pl.Series
        Text, dates, datetimes, or numbers (unix s, ms, us, ns, or ``YYYYMMDD``).
    label : str
        What to call the column in errors.
    tz : str
        Zone that times with an offset are converted to.
    dates : str
        Pattern of dates in text; empty: found by trying the usual ones.

    Returns
    -------
    pl.DataFrame
        ``wall``: what a clock on the wall showed, null where unreadable. ``utc``: the instant,
        null where the text says no zone.

    Raises
    ------
    BadData
        Nothing readable, dates that fit two patterns, offsets that differ, or times with and
        without a zone in one column.
    """
    if column.dtype == pl.String:
        digits = column.str.strip_chars().str.contains(r"^\d+(\.\d+)?$")
        if digits.sum() * 2 > len(column) - column.null_count():
            column = column.str.strip_chars().cast(pl.Float64, strict=False)
    if column.dtype.is_numeric():
        return _from_numbers(column, label)
    if column.dtype == pl.String:
        return _from_text(column, label, tz, dates)
    if column.dtype == pl.Date:
        wall = column.cast(pl.Datetime("ns")).to_physical()
        return pl.DataFrame(
            {"wall": wall, "utc": pl.repeat(None, len(wall), dtype=pl.Int64, eager=True)}
        )
    if not isinstance(column.dtype, pl.Datetime):
        raise BadData(f"{label}: expected times, got {column.dtype}: use ISO text or datetimes")
    if column.dtype.time_zone is None:
        wall = column.cast(pl.Datetime("ns")).to_physical()
        return pl.DataFrame(
            {"wall": wall, "utc": pl.repeat(None, len(wall), dtype=pl.Int64, eager=True)}
        )
    zone = column.dtype.time_zone
    return _in_zone(column.cast(pl.Datetime("ns", zone)).to_physical(), tz or zone)


def read_instants(column: pl.Series, label: str, tz: str = "", dates: str = "") -> pl.Series:
    """Return instants, int64 nanoseconds UTC, of facts whose publication is stated.

    Without a zone they are in ``tz``, else UTC; bare dates mean the end of that day, since nobody
    says at which hour something was published.

    Raises
    ------
    BadData
        As :func:`read_times`.
    """
    read = read_times(column, label, tz, dates)
    if read["utc"].null_count() < read.height:
        return read["utc"]
    wall = read["wall"]
    if (wall.drop_nulls() % _DAY_NS == 0).all():
        wall = wall + _DAY_NS
    local = wall.cast(pl.Datetime("ns")).dt.replace_time_zone(
        tz or "UTC", ambiguous="latest", non_existent="null"
    )
    return local.to_physical()


def _in_zone(utc: pl.Series, tz: str) -> pl.DataFrame:
    there = utc.cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(tz)
    wall = there.dt.replace_time_zone(None).to_physical()
    return pl.DataFrame({"wall": wall, "utc": utc})


def _from_numbers(column: pl.Series, label: str) -> pl.DataFrame:
    number = column.cast(pl.Float64, strict=False)
    middle = number.drop_nans().median()
    if not isinstance(middle, float):
        raise BadData(f"{label}: expected times, got no number at all")
    if 19_000_101 <= middle <= 21_001_231:
        text = number.cast(pl.Int64, strict=False).cast(pl.String)
        wall = text.str.to_date("%Y%m%d", strict=False).cast(pl.Datetime("ns")).to_physical()
        return pl.DataFrame(
            {"wall": wall, "utc": pl.repeat(None, len(wall), dtype=pl.Int64, eager=True)}
        )
    for smallest, to_ns in _UNIX.values():
        if smallest <= middle < smallest * 42:
            inside = number.is_between(smallest, smallest * 42)
            whole = column.cast(pl.Int64, strict=False) if column.dtype.is_integer() else None
            ns = (number * to_ns).round().cast(pl.Int64, strict=False)
            if whole is not None:
                ns = whole.set(~inside.fill_null(False), None) * to_ns
            ns = ns.set(~inside.fill_null(False), None)
            return pl.DataFrame({"wall": ns, "utc": ns})
    raise BadData(
        f"{label}: expected unix time (s, ms, us or ns since 1970) or YYYYMMDD, got numbers around "
        f"{middle:g}: write times as ISO text"
    )


def _from_text(column: pl.Series, label: str, tz: str, dates: str) -> pl.DataFrame:
    text = column.str.strip_chars().str.replace(_COMPACT_CLOCK, "$1 $2:$3:$4")
    offset = text.str.extract(_OFFSET, 2).str.to_uppercase()
    body = text.str.replace(_OFFSET, "$1")
    clock = body.str.extract_groups(_CLOCK).struct.unnest()
    hour, minute, second = (
        clock[name].cast(pl.Int64, strict=False).fill_null(0) for name in ("1", "2", "3")
    )
    fraction = clock["4"].fill_null("0").str.pad_end(9, "0").cast(pl.Int64)
    half = clock["5"].str.to_uppercase()
    hour = hour.set((half == "AM").fill_null(False) & (hour == 12), 0)
    hour = hour + 12 * ((half == "PM").fill_null(False) & (hour < 12)).cast(pl.Int64)
    sane = (hour < 24) & (minute < 60) & (second < 60)
    day = _dates(body.str.replace(_CLOCK, ""), label, dates)
    wall = day * _DAY_NS + (hour * 3_600 + minute * 60 + second) * _SECOND_NS + fraction
    wall = wall.set(~sane, None)
    return _with_offsets(wall, offset, label, tz)


def _dates(text: pl.Series, label: str, pattern: str) -> pl.Series:
    """Days since 1970, read by the one pattern that fits most rows."""
    best, best_count, twin = "", 0, ""
    for tried in (pattern,) if pattern else _DATES:
        count = len(text) - _days(text, tried).null_count()
        if count > best_count:
            best, best_count, twin = tried, count, ""
        elif count == best_count and count:
            twin = tried
    if not best:
        raise BadData(
            f"{label}: expected dates or times, got {text.drop_nulls().head(2).to_list()}: write "
            "them as 2024-01-31 or name the pattern with dates="
        )
    if twin and (_days(text, best) != _days(text, twin)).any():
        raise BadData(
            f"{label}: {text.drop_nulls().head(1).to_list()} could be read as {best} or as {twin}: "
            f"say which with dates={best!r}"
        )
    return _days(text, best)


def _days(text: pl.Series, pattern: str) -> pl.Series:
    day = text.str.to_date(pattern, strict=False)
    return (
        day.set(~day.dt.year().is_between(1_800, 2_200).fill_null(False), None)
        .to_physical()
        .cast(pl.Int64)
    )


def _with_offsets(wall: pl.Series, offset: pl.Series, label: str, tz: str) -> pl.DataFrame:
    readable = wall.is_not_null()
    stated = offset.is_not_null() & readable
    if not stated.any():
        return pl.DataFrame(
            {"wall": wall, "utc": pl.repeat(None, len(wall), dtype=pl.Int64, eager=True)}
        )
    missing = int((readable & ~stated).sum())
    if missing:
        raise BadData(
            f"{label}: expected all times with a zone or all without, got {stated.sum()} with and "
            f"{missing} without: one of the two kinds is from elsewhere"
        )
    zones = offset.drop_nulls().unique().sort()
    part = pl.col("offset").str.extract_groups(r"^([+-])(\d{2}):?(\d{2})?").struct
    seconds = (
        part.field("2").cast(pl.Int64) * 3_600 + part.field("3").cast(pl.Int64).fill_null(0) * 60
    )
    signed = pl.when(part.field("1") == "-").then(-seconds).otherwise(seconds).fill_null(0)
    ahead = offset.to_frame("offset").select(signed * _SECOND_NS).to_series()
    utc = wall - ahead
    if tz:
        return _in_zone(utc, tz)
    if ahead.filter(stated).n_unique() > 1:
        raise BadData(
            f"{label}: expected one offset from UTC, got {zones.head(4).to_list()}: if daylight "
            "saving explains it, name the zone, as tz='America/New_York'"
        )
    return pl.DataFrame({"wall": wall, "utc": utc})
