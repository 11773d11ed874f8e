"""Asks for refits when what comes is no longer what a package was fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.errors import BadData
from edgekeeper.learn.drift_watch import DriftWatch, RefitRequest
from edgekeeper.learn.service import LearnService
from edgekeeper.ledger import Ledger
from edgekeeper.train import barrier_of
from edgekeeper.types import Float64Array, Int64Array
from edgekeeper.validate.drift_table import DriftTable

__all__ = ["DriftService", "Said"]


@dataclass(frozen=True, slots=True)
class Said:
    """What a line forecast of some bars.

    Attributes
    ----------
    line, package : str
    rows : slice
        Of the feed, in canonical order.
    probability : float64 [n]
        Of the long side.
    """

    line: str
    package: str
    rows: slice
    probability: Float64Array


@dataclass(slots=True)
class _Watched:
    """A package under watch, and its forecasts whose outcomes are not known yet."""

    package: str
    watch: DriftWatch | None
    times: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    chances: list[float] = field(default_factory=list)


class DriftService:
    """Watches the package of each line, epoch by epoch.

    Forecasts are handed in by whoever made them: the rows of the ledger's table are detail that
    retention may let go, and no decision may hang on them when a run is lived again.

    Parameters
    ----------
    learn : LearnService
        Whose bars and features are read.
    config : Config
    ledger : Ledger
        Read for what a package was fitted on; requests are written under role ``trade``, which
        asks for the fit.
    """

    def __init__(self, learn: LearnService, config: Config, ledger: Ledger) -> None:
        self._learn, self._config, self._ledger = learn, config, ledger
        self._watched: dict[str, _Watched] = {}

    def look(self, said: Sequence[Said], now_ns: int) -> list[RefitRequest]:
        """Read what was forecast since the last look; return what it asks for, on record."""
        requests = [
            request
            for line in self._config.lines
            for request in self._look([one for one in said if one.line == line.name], now_ns)
        ]
        if requests:
            with self._ledger.transaction("trade", event_time_ns=now_ns) as tx:
                tx.append(
                    "refit_requests",
                    {
                        "event_time_ns": now_ns,
                        "line": [one.line for one in requests],
                        "package": [self._watched[one.line].package for one in requests],
                        "reason": [one.reason for one in requests],
                        "since_ns": [one.since_ns for one in requests],
                        "sentence": [one.sentence for one in requests],
                        "lead_bars": [one.lead_bars for one in requests],
                    },
                )
        return requests

    def _look(self, said: Sequence[Said], now_ns: int) -> list[RefitRequest]:
        if not said:
            return []
        line, package = said[-1].line, said[-1].package
        found = self._watched.get(line)
        if found is None or found.package != package:
            found = self._watched[line] = _Watched(package, self._begin(line, package))
        if found.watch is None:
            return []
        mine = [one for one in said if one.package == package]
        rows = np.concatenate([np.arange(one.rows.start, one.rows.stop) for one in mine])
        chances = np.concatenate([one.probability for one in mine])
        times = self._learn.feed.bars.event_time[rows]
        inputs = self._table(line, rows, times)
        found.times += times.tolist()
        found.rows += rows.tolist()
        found.chances += chances.tolist()
        return [*found.watch.read(inputs, chances), *self._outcomes(found, now_ns)]

    def _begin(self, line: str, package: str) -> DriftWatch | None:
        """Watch a package against the rows it was fitted on; None: there are too few of them."""
        fits = self._ledger.read(
            "packages", ["window_start_ns", "window_end_ns"], where={"hash": package}
        )
        if fits.height == 0:
            return None  # inherited from another run: what it was fitted on is not here
        if not self._learn.training_data(line).features.of_the_market:
            return None  # nothing but the calendar
        bars = self._learn.feed.bars
        first, last = fits.row(0)[-2:]
        low, high = np.searchsorted(bars.event_time, [first, last + 1])
        rows = np.arange(low, high)
        try:
            return DriftWatch(
                line,
                self._table(line, rows, bars.event_time[rows]),
                self._config.drift,
                seed=self._config.seed,
            )
        except BadData:
            return None

    def _table(self, line: str, rows: Int64Array, times: Int64Array) -> DriftTable:
        data = self._learn.training_data(line)
        values = data.matrix[rows].astype(np.float64)
        whole = DriftTable(tuple(data.features.names), values, times)
        return whole.only(data.features.of_the_market)

    def _outcomes(self, found: _Watched, now_ns: int) -> tuple[RefitRequest, ...]:
        """Read outcomes in the order of their forecasts, up to the first that is still open."""
        assert found.watch is not None
        rows = np.array(found.rows, dtype=np.int64)
        won, known = self._won(rows, now_ns)
        times = np.array(found.times, dtype=np.int64)
        open_since = times[~known].min() if (~known).any() else now_ns + 1
        done = int(np.searchsorted(times, open_since))
        if done == 0:
            return ()
        chances = np.array(found.chances[:done])
        requests = found.watch.read_outcomes(times[:done], chances, won[:done])
        del found.times[:done], found.rows[:done], found.chances[:done]
        return requests

    def _won(self, rows: Int64Array, now_ns: int) -> tuple[Float64Array, np.ndarray]:
        """Whether the long side of each row ended with a profit; and whether that is known."""
        feed, first = self._learn.feed, int(rows.min())
        tail: Bars = feed.bars.rows(first, len(feed.bars))
        labels = barrier_of(self._config).label(tail, feed.volatility[first:])
        picked = rows - first
        net, known = labels.net_return[picked, 0], labels.known(now_ns)[picked, 0]
        hopeless = ~(feed.volatility[rows] > 0.0)  # no bracket, so no outcome ever
        won = np.where(known & np.isfinite(net), (net > 0.0).astype(np.float64), np.nan)
        return won, known | hopeless
