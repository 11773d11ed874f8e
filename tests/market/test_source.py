"""The conformance kit: the shelf passes it, and sources that break a promise do not."""

import polars as pl
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.market import SOURCES, Convention, Listing, open_source
from edgekeeper.market.bundled import Bundled
from edgekeeper.testing.sources import check_source


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_on_the_shelf_conforms(name):
    assert check_source(open_source(name)) == len(open_source(name).listings)


class Faulty(Bundled):
    name = "faulty"
    listings = {"IBM": Bundled.listings["IBM"], "MSFT": Bundled.listings["MSFT"]}  # noqa: RUF012

    def __init__(self, fault):
        self.fault = fault

    def fetch(self, symbols, start=None, end=None):
        return self.fault(super().fetch(symbols, start, end))


def close(change):
    return lambda rows: rows.with_columns(close=change)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (lambda rows: rows.reverse(), "not sorted"),
        (lambda rows: pl.concat([rows[:1], rows]), "twice"),
        (lambda rows: rows.drop("volume"), "lacks"),
        (lambda rows: rows.with_columns(pl.col("time").cast(pl.Datetime("us"))), "not UTC"),
        (lambda rows: rows.with_columns(volume=-pl.col("volume")), "volume is negative"),
        (close(-pl.col("close")), "close is not positive"),
        (close(pl.when(pl.int_range(pl.len()) > 9).then("close")), "gaps in rows"),
        (close(pl.col("high") + 1), "open or close outside"),
        (lambda rows: rows.with_columns(symbol=pl.lit("OTHER")), "rows of other symbols"),
        (lambda rows: rows.head(5), "beyond its last one"),
        (lambda rows: rows[1:] if len(rows) < 3270 else rows, "IBM: range"),
    ],
)
def test_broken_promises_are_noticed(fault, says):
    with pytest.raises(AssertionError, match=says):
        check_source(Faulty(fault))


class Early(Bundled):
    listings = Faulty.listings

    def fetch(self, symbols, start=None, end=None):
        rows = super().fetch(symbols, start, end)
        return rows.with_columns(known_time=pl.col("time").cast(pl.Datetime("ns", "UTC")))


def test_facts_known_before_they_happened_are_noticed():
    with pytest.raises(AssertionError, match="known before the bar closed"):
        check_source(Early())


class Silent(Bundled):
    listings = Faulty.listings

    def fetch(self, symbols, start=None, end=None):
        return super().fetch([s for s in symbols if s in self.listings], start, end)


class Curt(Bundled):
    listings = Faulty.listings

    def fetch(self, symbols, start=None, end=None):
        if set(symbols) - set(self.listings):
            raise UsageError("no")
        return super().fetch(symbols, start, end)


def test_unknown_symbols_have_to_be_refused_by_name():
    with pytest.raises(AssertionError, match="was not refused"):
        check_source(Silent())
    with pytest.raises(AssertionError, match="does not name 'MSFT'"):
        check_source(Curt())


def test_listings_are_checked():
    source = Silent()
    source.listings = {"IBM": Listing("index", "1d", False)}
    with pytest.raises(AssertionError, match="say why"):
        check_source(source)
    source.listings = {"IBM": Listing("stock", "1h", True)}
    with pytest.raises(AssertionError, match="not UTC"):
        check_source(source)
    source.listings = Faulty.listings
    source.convention = Convention(venue="24/7", interval="1h")
    with pytest.raises(AssertionError, match="apart"):
        check_source(source)
