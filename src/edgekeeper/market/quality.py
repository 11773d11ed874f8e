"""What a person should know about bars before trusting them: gaps, stale prices, outliers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from edgekeeper.errors import BadData
from edgekeeper.market.interval import infer_interval
from edgekeeper.market.venues import guess_venue, venue
from edgekeeper.types import Float64Array, Int64Array

__all__ = ["Quality", "inspect"]

_STALE_RUN = 5
_OUTLIER_SCALES = 12.0
_SPLITS = np.array([2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 30, 50], dtype=np.float64)
_NEEDED = ("timestamp", "symbol", "open", "high", "low", "close")
FINDINGS = pl.Schema(
    {
        "symbol": pl.String(),
        "time": pl.Datetime("ns", "UTC"),
        "kind": pl.String(),
        "detail": pl.String(),
    }
)


@dataclass(frozen=True)
class Quality:
    """A report over each symbol's bars. It describes; it changes nothing.

    Attributes
    ----------
    by_symbol : frame
        ``symbol, bars, first, last, expected, missing_share, gaps, longest_gap, duplicates,
        stale_share, outliers, quarantined``. ``expected`` counts the bars the venue's calendar has
        between first and last; ``longest_gap`` is in bars; ``stale_share`` is the share of bars in
        runs of five or more that repeat the bar before.
    findings : frame
        ``symbol, time, kind, detail``, one row each for gap, stale run, outlier, possible split.
    """

    by_symbol: pl.DataFrame
    findings: pl.DataFrame

    def lines(self) -> tuple[str, ...]:
        """Sentences for the terminal: only what deviates, one a symbol."""
        said = []
        for row in self.by_symbol.iter_rows(named=True):
            parts = [
                f"{row['quarantined']} rows in quarantine" if row["quarantined"] else "",
                f"{row['missing_share']:.1%} of bars missing, longest gap {row['longest_gap']}"
                if row["missing_share"] > 0
                else "",
                f"{row['duplicates']} duplicates" if row["duplicates"] else "",
                f"{row['stale_share']:.1%} stale" if row["stale_share"] > 0 else "",
                f"{row['outliers']} outliers" if row["outliers"] else "",
            ]
            if any(parts):
                said.append(f"{row['symbol']}: {', '.join(p for p in parts if p)}")
        for row in self.findings.filter(pl.col("kind") == "possible split").iter_rows(named=True):
            said.append(f"{row['symbol']} {row['time']:%Y-%m-%d}: {row['detail']}")
        return tuple(said)


def inspect(
    frame: pl.DataFrame,
    *,
    interval_ns: int | None = None,
    venues: Mapping[str, str] | None = None,
    quarantined: Mapping[str, int] | None = None,
) -> Quality:
    """Report on bars in long form: ``timestamp`` (the close, UTC), ``symbol``, prices, volume.

    Duplicated rows are counted, and looked through for the rest. An ``adjustment`` column makes
    known splits and dividends unremarkable.

    Raises
    ------
    BadData
        A missing column, or no rows.

    Examples
    --------
    >>> import polars as pl
    >>> days = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 10), eager=True)
    >>> frame = pl.DataFrame({"timestamp": days, "symbol": "BTC/USD", "open": 1.0, "high": 2.0,
    ...     "low": 1.0, "close": range(1, 11)}).with_columns(high=pl.col("close"))
    >>> inspect(frame.remove(pl.col("close") == 5)).by_symbol["missing_share"].round(2).to_list()
    [0.1]
    """
    missing = [name for name in _NEEDED if name not in frame.columns]
    if missing or frame.height == 0:
        raise BadData(f"expected bars with {_NEEDED}, got {frame.height} rows without {missing}")
    rows: list[dict[str, object]] = []
    findings: list[tuple[str, int, str, str]] = []
    if interval_ns is None:
        codes = frame["symbol"].rank("dense").cast(pl.Int32).to_numpy()
        interval_ns = infer_interval(codes, _ns(frame))
    for key, part in frame.sort("symbol", "timestamp").group_by("symbol", maintain_order=True):
        name = str(key[0])
        place = (venues or {}).get(name) or guess_venue(name, _weekend_share(part))
        row, found = _one(name, part, interval_ns, place)
        row["quarantined"] = (quarantined or {}).get(name, 0)
        rows.append(row)
        findings += found
    return Quality(
        pl.DataFrame(rows, schema_overrides={"first": FINDINGS["time"], "last": FINDINGS["time"]}),
        pl.DataFrame(findings, schema=FINDINGS, orient="row"),
    )


def _one(
    name: str, part: pl.DataFrame, interval_ns: int, place: str
) -> tuple[dict[str, object], list[tuple[str, int, str, str]]]:
    distinct = part.unique("timestamp", keep="first", maintain_order=True)
    time = _ns(distinct)
    bars = len(time)
    absent = np.round(np.diff(venue(place).elapsed(time, interval_ns))).astype(np.int64) - 1
    at = np.flatnonzero(absent > 0)
    found = [(name, int(time[i]), "gap", f"{absent[i]} bars missing after this one") for i in at]
    stale, stale_runs = _stale(distinct)
    found += [
        (name, int(time[i]), "stale", f"the bar repeats itself {n} times") for i, n in stale_runs
    ]
    outliers = _outliers(distinct)
    found += [(name, int(time[i]), "outlier", f"log return {r:+.3f}") for i, r in outliers]
    found += [(name, int(time[i]), "possible split", text) for i, text in _splits(distinct)]
    lost = int(absent[at].sum())
    row: dict[str, object] = {
        "symbol": name,
        "bars": bars,
        "first": int(time[0]),
        "last": int(time[-1]),
        "expected": bars + lost,
        "missing_share": lost / (bars + lost),
        "gaps": len(at),
        "longest_gap": int(absent[at].max(initial=0)),
        "duplicates": part.height - bars,
        "stale_share": stale / bars,
        "outliers": len(outliers),
    }
    return row, found


def _stale(part: pl.DataFrame) -> tuple[int, list[tuple[int, int]]]:
    """Bars in long runs that repeat open, high, low and close of the bar before."""
    prices = part.select("open", "high", "low", "close").cast(pl.Float64).to_numpy()
    same = np.concatenate(([False], (prices[1:] == prices[:-1]).all(axis=1), [False]))
    edges = np.flatnonzero(np.diff(same.astype(np.int8)))
    runs = [
        (int(first), int(last - first))
        for first, last in zip(edges[::2], edges[1::2], strict=True)
        if last - first >= _STALE_RUN
    ]
    return sum(n for _, n in runs), runs


def _outliers(part: pl.DataFrame) -> list[tuple[int, float]]:
    """Moves of more than twelve robust standard deviations of the symbol's own moves."""
    close = _float(part, "close")
    if "adjustment" in part.columns:
        close = close * _float(part, "adjustment")
    move = np.diff(np.log(close))
    scale = 1.4826 * float(np.median(np.abs(move))) if len(move) else 0.0
    if not scale > 0.0:
        return []
    return [
        (int(i) + 1, float(move[i])) for i in np.flatnonzero(np.abs(move) > _OUTLIER_SCALES * scale)
    ]


def _splits(part: pl.DataFrame) -> list[tuple[int, str]]:
    """Overnight jumps near 1:n that no adjustment explains."""
    if part.height < 2:
        return []
    opened, closed = _float(part, "open")[1:], _float(part, "close")
    step = np.ones(part.height - 1)
    if "adjustment" in part.columns:
        step = _float(part, "adjustment")[1:] / _float(part, "adjustment")[:-1]
    found = []
    jump, day = np.log(opened / closed[:-1] * step), np.log(closed[1:] / closed[:-1] * step)
    for i in np.flatnonzero(np.abs(jump) > 0.6):
        ratio = _SPLITS[np.argmin(np.abs(np.log(_SPLITS) - abs(jump[i])))]
        if abs(np.log(ratio) - abs(jump[i])) < 0.04 and abs(np.log(ratio) - abs(day[i])) < 0.1:
            change = f"1 to {ratio:g}" if jump[i] < 0 else f"{ratio:g} to 1"
            text = f"{closed[i]:g} to {opened[i]:g} overnight looks like a split {change}"
            found.append((int(i) + 1, text + ", and nothing says so: taken as a real move"))
    return found


def _ns(frame: pl.DataFrame) -> Int64Array:
    dtype = frame["timestamp"].dtype
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    return (
        frame["timestamp"].cast(pl.Datetime("ns", zone)).to_physical().to_numpy().astype(np.int64)
    )


def _float(part: pl.DataFrame, name: str) -> Float64Array:
    return part[name].cast(pl.Float64).to_numpy()


def _weekend_share(part: pl.DataFrame) -> float:
    # a bar that ends at Monday midnight belongs to Sunday
    day = (_ns(part) - 1) // (86_400 * 10**9)
    return float(((day + 3) % 7 >= 5).mean())
