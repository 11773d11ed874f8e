"""What the trading loop keeps for each line: its stage, its package, its virtual book."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from edgekeeper.config import Config, LineConfig
from edgekeeper.registry import Package
from edgekeeper.rollout import RULES_LINE, BookBars, Line
from edgekeeper.simulator import Book, Log, MarketFeed
from edgekeeper.types import Float32Array, Forecasts, Int64Array

__all__ = ["FeatureRows", "FeatureSource", "Seat", "SegmentForecasts", "book_bars"]


class FeatureRows(Protocol):
    """Features of all bars of the run, to be picked from: an array [N, F] is one."""

    def __getitem__(self, rows: "slice | Int64Array", /) -> Float32Array:
        """Return some rows, float32 [n, F]."""
        ...


FeatureSource = Callable[[Package], FeatureRows]
"""Features of all bars of the run for a package."""

_AHEAD = 64  # instants forecast in one call in a replay


@dataclass(slots=True)
class Seat:
    """A line at the table.

    Attributes
    ----------
    policy : Config
        What it decides by: the run's configuration, with thresholds and brackets of its own.
    history : list of str
        Packages the line has forecast with, in the order of their first use.
    pinned : bool
        Refits are recorded, and not used.
    """

    config: LineConfig
    line: Line
    book: Book
    policy: Config
    incumbent: str = RULES_LINE
    package: Package | None = None
    newest: Package | None = None  # accepted or not: what a bot would use that never asks
    history: list[str] = field(default_factory=list)
    pinned: bool = False


def book_bars(book: Book, log: Log, value_before: float) -> BookBars:
    """What a virtual book did, as evidence wants it.

    The log values what stays open at the bar's open. Evidence wants that at the last close, which
    was known before: with the open, a short that gaps against us would widen its own scale.
    """
    stays = log.held * log.opened > 0.0
    return BookBars(
        gain=np.diff(log.equity[:, 0], prepend=value_before),
        held=log.held,
        opened=np.where(stays, log.held, log.opened),
    )


class SegmentForecasts:
    """Forecasts of a package for stretches of rows, computed a stretch ahead.

    A forecast of a row depends on that row alone, or on those of its instant, so computing a
    quarter in one call gives the very numbers that a call a bar would give.
    """

    def __init__(self, feed: MarketFeed, features: FeatureSource) -> None:
        self.feed = feed
        self.features = features
        self._cache: dict[str, tuple[int, Forecasts]] = {}

    def get(self, package: Package, first: int, last: int) -> Forecasts:
        """Forecasts for the rows of instants ``first:last``."""
        offsets = self.feed.offsets
        start, stop = int(offsets[first]), int(offsets[last])
        begin, ready = self._cache.get(package.hash, (0, None))
        if ready is None or start < begin or stop > begin + len(ready):
            ahead = min(max(first + _AHEAD, last), len(offsets) - 1)
            begin, end = start, int(offsets[ahead])
            matrix = self.features(package)
            rows = slice(begin, end)
            feed = self.feed
            ready = package.forecast(
                matrix[rows], feed.volatility[rows], feed.bars.event_time[rows]
            )
            self._cache = {k: v for k, v in self._cache.items() if v[0] + len(v[1]) > start}
            self._cache[package.hash] = (begin, ready)
        pick = slice(start - begin, stop - begin)
        return Forecasts(*(getattr(ready, name)[pick] for name in Forecasts.__dataclass_fields__))
