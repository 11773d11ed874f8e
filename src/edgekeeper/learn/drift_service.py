"""Asks for refits when what comes is no longer what a package was fitted on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgekeeper.config import Config
from edgekeeper.errors import BadData
from edgekeeper.learn.drift_watch import MOST_REFERENCE, DriftWatch, RefitRequest
from edgekeeper.learn.service import LearnService
from edgekeeper.ledger import Ledger
from edgekeeper.types import LONG, BoolArray, Float32Array, Float64Array, Int64Array
from edgekeeper.validate.drift_table import DriftTable

__all__ = ["DriftService", "LineFeatures", "Said"]

LineFeatures = Callable[[str, Int64Array], Float32Array]
"""Features of a line's recipe, of some bars of the feed: float32 [n, F]."""


def _no_rows() -> Int64Array:
    return np.zeros(0, dtype=np.int64)


def _no_numbers() -> Float64Array:
    return np.zeros(0)


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
    rows: Int64Array = field(default_factory=_no_rows)
    chances: Float64Array = field(default_factory=_no_numbers)


class DriftService:
    """Watches the package of each line, epoch by epoch.

    Forecasts are handed in by whoever made them: the rows of the ledger's table are detail that
    retention may let go, and no decision may hang on them when a run is lived again.

    Parameters
    ----------
    learn : LearnService
        Whose bars and outcomes are read.
    config : Config
    ledger : Ledger
        Read for what a package was fitted on; requests are written under role ``trade``, which
        asks for the fit.
    features : LineFeatures, optional
        By default those that the service fits on.
    """

    def __init__(
        self,
        learn: LearnService,
        config: Config,
        ledger: Ledger,
        features: LineFeatures | None = None,
    ) -> None:
        self._learn, self._config, self._ledger = learn, config, ledger
        self._features = features or self._fitted_on
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
        found.rows = np.append(found.rows, rows)
        found.chances = np.append(found.chances, chances)
        return [*found.watch.read(inputs, chances), *self._outcomes(found, now_ns)]

    def _begin(self, line: str, package: str) -> DriftWatch | None:
        """Watch a package against the rows it was fitted on; None: there are too few of them."""
        fits = self._ledger.read(
            "packages", ["window_start_ns", "window_end_ns"], where={"hash": package}
        )
        if fits.height == 0:
            return None  # inherited from another run: what it was fitted on is not here
        if not self._learn.features_of(line).of_the_market:
            return None  # nothing but the calendar
        bars = self._learn.feed.bars
        first, last = fits.row(0)[-2:]
        low, high = np.searchsorted(bars.instants, [first, last + 1])
        low = max(low, high - MOST_REFERENCE)
        rows = np.arange(bars.instant_offsets[low], bars.instant_offsets[high])
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
        features = self._learn.features_of(line)
        values = self._features(line, rows).astype(np.float64)
        whole = DriftTable(tuple(features.names), values, times)
        return whole.only(features.of_the_market)

    def _fitted_on(self, line: str, rows: Int64Array) -> Float32Array:
        return self._learn.training_data(line).matrix[rows]

    def _outcomes(self, found: _Watched, now_ns: int) -> tuple[RefitRequest, ...]:
        """Read outcomes in the order of their forecasts, up to the first that is still open."""
        assert found.watch is not None
        won, known = self._won(found.rows, now_ns)
        times = self._learn.feed.bars.event_time[found.rows]
        open_since = times[~known].min() if (~known).any() else now_ns + 1
        done = int(np.searchsorted(times, open_since))
        if done == 0:
            return ()
        requests = found.watch.read_outcomes(times[:done], found.chances[:done], won[:done])
        found.rows, found.chances = found.rows[done:].copy(), found.chances[done:].copy()
        return requests

    def _won(self, rows: Int64Array, now_ns: int) -> tuple[Float64Array, BoolArray]:
        """Whether the long side of each row ended with a profit; and whether that is known."""
        labels = self._learn.outcomes(rows)
        net, known = labels.net_return[:, LONG], labels.known(now_ns)[:, LONG]
        # Without a bracket there is no outcome, ever.
        hopeless = ~(self._learn.feed.volatility[rows] > 0.0)
        won = np.where(known & np.isfinite(net), (net > 0.0).astype(np.float64), np.nan)
        return won, known | hopeless
