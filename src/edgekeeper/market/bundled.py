"""Real daily bars that come with installed packages, for work without a network."""

import gzip
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from edgekeeper.errors import StorageError
from edgekeeper.market.convention import Convention
from edgekeeper.market.source import RAW, Listing, check_symbols

__all__ = ["Bundled"]

_STOCK = (
    "picked because it survived: results on it flatter any strategy",
    "ends on 2013-03-01",
)
_INDEX = "not tradable: an index ignores costs, dividends and fills of its members"
_LISTINGS = {
    "AAPL": Listing("stock", "1d", True, (*_STOCK, "fell 52 % on 2000-09-29, a real crash")),
    "GOOG": Listing("stock", "1d", True, (*_STOCK, "begins on 2004-08-19")),
    "IBM": Listing("stock", "1d", True, _STOCK),
    "MSFT": Listing("stock", "1d", True, _STOCK),
    "NASDAQ": Listing("index", "1d", False, (_INDEX, "volume is 0 on two days")),
    "SP500": Listing(
        "index",
        "1d",
        False,
        (
            _INDEX,
            "until 2006 the open repeats the close of the day before on 19 days of 20, so that "
            "'fill at the next open' is the price decided on",
        ),
    ),
    "VIX": Listing("series", "1d", False, ("closes from 2014-01-03 alone",)),
}
_ARCH = {"SP500": "sp500", "NASDAQ": "nasdaq", "VIX": "vix"}


class Bundled:
    """Daily series inside the packages ``arch`` and ``bokeh_sampledata``.

    Notes
    -----
    ``arch``: S&P 500 and NASDAQ Composite, 1999-01-04 to 2018-12-31 (Yahoo), and the VIX close from
    2014-01-03 to 2019-01-03 (FRED). ``bokeh_sampledata``: AAPL, IBM, MSFT from 2000-03-01 and GOOG
    from 2004-08-19, to 2013-03-01 (Quandl WIKI): prices and volume unadjusted, adjusted close over
    splits and dividends, later ones included. FB is in it too, but its 196 days are too few to
    learn from. The files are read directly, since importing the packages pulls in pandas.

    Examples
    --------
    >>> Bundled().fetch(["AAPL"]).height
    3270
    """

    name = "bundled"
    convention = Convention(venue="XNYS", interval="1d")
    listings: Mapping[str, Listing] = _LISTINGS

    def fetch(
        self, symbols: Sequence[str], start: date | None = None, end: date | None = None
    ) -> pl.DataFrame:
        """Return rows in raw form, see :class:`~edgekeeper.market.source.Source`.

        Raises
        ------
        UsageError
            An unknown symbol.
        StorageError
            The package that carries it is not installed.
        """
        check_symbols(symbols, self)
        frames = [pl.DataFrame(schema={"time": pl.Date, **RAW})]
        for symbol in sorted(set(symbols)):
            frames.append(_index(symbol) if symbol in _ARCH else _stock(symbol))
        rows = pl.concat(frames, how="diagonal").select("time", *RAW)
        keep = pl.col("time").is_between(start or date.min, end or date.max)
        return rows.filter(keep).sort("symbol", "time")


@cache
def _index(symbol: str) -> pl.DataFrame:
    stem = _ARCH[symbol]
    table = _read("arch", "data", stem, f"{stem}.csv.gz").rename(_plain)
    if symbol == "VIX":
        table = table.rename({"vix": "close"})
    numbers = [c for c in RAW if c in table.columns]
    return table.select(
        pl.lit(symbol).alias("symbol"),
        pl.col("date").str.to_date("%m/%d/%Y").alias("time"),
        pl.col(numbers).cast(pl.Float64, strict=False),
    ).drop_nulls("close")


@cache
def _stock(symbol: str) -> pl.DataFrame:
    table = _read("bokeh_sampledata", "_data", "stocks.csv.gz").rename(_plain)
    return table.filter(pl.col("ticker") == symbol).select(
        pl.col("ticker").alias("symbol"),
        pl.col("date").str.to_date("%Y-%m-%d").alias("time"),
        pl.col("open", "high", "low", "close", "adj_close", "volume").cast(pl.Float64),
    )


def _plain(name: str) -> str:
    return name.lower().replace(" ", "_")


def _read(package: str, *parts: str) -> pl.DataFrame:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise StorageError(f"expected the package {package!r}, which carries this data: install it")
    path = Path(found.submodule_search_locations[0]).joinpath(*parts)
    try:
        content = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        raise StorageError(f"could not read {path}: {error}; install {package!r} again") from error
    return pl.read_csv(content, infer_schema=False)
