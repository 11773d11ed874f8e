from itertools import pairwise

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.market import load_bars
from edgekeeper.trade.strategies import file_hash, open_strategy


@pytest.fixture(scope="session")
def real():
    """Three stocks, 600 days."""
    return load_bars("bundled", ["AAPL", "IBM", "MSFT"]).bars.rows(0, 1_800)


@pytest.fixture
def own(tmp_path):
    """Write a strategy file and open it."""

    def write(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return open_strategy(path, file_hash(path))

    return write


def instants(bars, first, last):
    """Bars of instants ``first:last``."""
    return bars.rows(int(bars.instant_offsets[first]), int(bars.instant_offsets[last]))


def grown(signals, bars, first, step=1):
    """Signals of a history that grows, ``step`` instants at a time after the first ones."""
    edges = [0, *range(first, len(bars.instants), step), len(bars.instants)]
    parts = pairwise(edges)
    return np.concatenate([signals.extend(instants(bars, a, b)) for a, b in parts])


def another_future(bars, cut):
    """The same bars up to row ``cut``; after it prices and volume of other days."""
    order = np.arange(len(bars))
    order[cut:] = cut + np.random.default_rng(0).permutation(len(bars) - cut)
    columns = {name: getattr(bars, name)[order] for name in
               ("open", "high", "low", "close", "volume", "adjustment")}  # fmt: skip
    return Bars.from_arrays(
        symbol=np.asarray(bars.symbols)[bars.symbol], event_time=bars.event_time, **columns
    )


@pytest.fixture(scope="session")
def growing():
    return grown


@pytest.fixture(scope="session")
def other_future():
    return another_future
