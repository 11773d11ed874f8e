import numpy as np
import pytest

from edgekeeper.config import Config
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.trade.seats import SegmentForecasts, book_bars
from edgekeeper.types import Forecasts


@pytest.fixture(scope="module")
def package(flip):
    return flip.trade.roster.newest


@pytest.fixture(scope="module")
def both(compares, flip):
    """A package with an edge, and the same comparing the symbols of a bar."""
    package = flip.registry.load(flip.table("packages", line="linear")["hash"][0])
    return {"alone": package, "compared": compares(flip, package)}


def whole(flip, package, first, last):
    offsets = flip.feed.offsets
    rows = slice(int(offsets[first]), int(offsets[last]))
    feed = flip.feed
    return package.forecast(
        flip.matrix(package)[rows], feed.volatility[rows], feed.bars.event_time[rows]
    )


@pytest.mark.parametrize("reads", ["alone", "compared"])
@pytest.mark.parametrize("steps", [[1] * 150, [7] * 20, [64, 1, 63, 22], [150], [0, 3, 100]])
def test_forecasts_computed_ahead_are_those_of_each_bar(flip, both, steps, reads):
    package = both[reads]
    source = SegmentForecasts(flip.feed, flip.matrix)
    expected = whole(flip, package, 250, 250 + sum(steps))
    at, pieces = 250, []
    for step in steps:
        pieces.append(source.get(package, at, at + step))
        at += step
    for name in Forecasts.__dataclass_fields__:
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        assert np.array_equal(joined, getattr(expected, name), equal_nan=True)


def test_what_compares_says_something_else(flip, both):
    one, other = (whole(flip, both[reads], 250, 400) for reads in ("alone", "compared"))
    assert not np.array_equal(one.expected_return, other.expected_return)
    assert one.bars_held.shape == other.bars_held.shape


def test_the_end_of_the_history_is_not_passed(flip, package):
    source = SegmentForecasts(flip.feed, flip.matrix)
    assert len(source.get(package, 410, 420)) == 30
    assert len(source.get(package, 419, 420)) == 3


def test_two_packages_do_not_mix(flip):
    hashes = flip.table("packages")["hash"].to_list()
    one, two = (flip.registry.load(h) for h in hashes[:2])
    source = SegmentForecasts(flip.feed, flip.matrix)
    for at in range(300, 330):
        for package in (one, two):
            found = source.get(package, at, at + 1)
            assert np.array_equal(
                found.probability, whole(flip, package, at, at + 1).probability, equal_nan=True
            )


def test_an_earlier_stretch_can_be_asked_for_again(flip, package):
    source = SegmentForecasts(flip.feed, flip.matrix)
    source.get(package, 300, 301)
    found = source.get(package, 220, 221)
    assert np.array_equal(found.probability, whole(flip, package, 220, 221).probability)


# -- what a virtual book did ------------------------------------------------------------------


def virtual(bars, rule):
    feed = MarketFeed(bars, np.full(len(bars), 0.01), rule, max_age_ns=10**12)
    book = Book(book_parameters(Config(), periods_per_year=252.0, virtual=True), 1)
    return feed, book


def random_walk(one_symbol, seed=0, **gap):
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(0.01 * rng.standard_normal(60)))
    return one_symbol(close)


def test_gains_are_changes_of_value_across_chunks(one_symbol):
    bars = random_walk(one_symbol)
    rule = np.tile(np.array([1, 0, 0, -1, 0], dtype=np.int8), 12)
    feed, book = virtual(bars, rule)
    gains = []
    for first in range(0, 60, 6):
        before = book.equity
        gains.append(book_bars(book, book.step(feed.chunk(first, first + 6)), before).gain)
    assert np.concatenate(gains).sum() == pytest.approx(book.equity)
    feed, again = virtual(bars, rule)
    one = book_bars(again, again.step(feed.chunk(0, 60)), 0.0)
    assert np.array_equal(np.concatenate(gains), one.gain)


@pytest.mark.parametrize("jump", [0.8, 1.25])
@pytest.mark.parametrize("side", [1, -1])
def test_positions_are_known_before_the_bar(one_symbol, jump, side):
    """Whatever a bar's open turns out to be, what is held after it was known the evening before."""
    quiet = np.full(8, 100.0)

    def positions(open_):
        opens = quiet.copy()
        opens[4] = open_
        bars = one_symbol(
            quiet, open=opens, high=np.maximum(opens, quiet), low=np.minimum(opens, quiet)
        )
        rule = np.array([0, 0, side, 0, 0, 0, 0, 0], dtype=np.int8)
        feed, book = virtual(bars, rule)
        return book_bars(book, book.step(feed.chunk(0, 8)), 0.0)

    calm, gap = positions(100.0), positions(100.0 * jump)
    assert calm.opened[3, 0] == pytest.approx(side * 100.0)
    assert calm.held[4, 0] != 0.0
    assert np.array_equal(calm.held[:5], gap.held[:5])
    assert np.array_equal(calm.opened[:5], gap.opened[:5])


def test_an_entry_and_a_reversal_show_after_the_open(one_symbol):
    bars = one_symbol(np.full(8, 100.0))
    rule = np.array([0, 1, 0, -1, 0, 0, 0, 0], dtype=np.int8)
    feed, book = virtual(bars, rule)
    found = book_bars(book, book.step(feed.chunk(0, 8)), 0.0)
    assert found.held[:6, 0].tolist() == pytest.approx([0, 0, 0, 100, 100, -100])
    assert found.opened[:6, 0].tolist() == pytest.approx([0, 0, 100, 100, -100, -100])
