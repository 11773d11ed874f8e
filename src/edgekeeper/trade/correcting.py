"""Online learning in the loop: a line's forecasts, corrected by what became of earlier ones.

A correction learns at boundaries only, from outcomes known by then, in the order in which they
became known. It holds nothing that bars, packages and their swaps do not determine: a run that is
lived again learns the same.

A swap to another package does not start it anew: it keeps as much as the scores of the two agree
on recent bars. A refit shares most of its data with the fit before it, and a market that turned
would else be forgotten each quarter; packages that disagree leave nothing of it.
"""

from collections.abc import Callable

import numpy as np

from edgekeeper.config import OnlineConfig
from edgekeeper.labels import NEVER, Labels
from edgekeeper.models.online import Outcome, View, agreement, make_corrector, scores_read, view_of
from edgekeeper.registry import Package
from edgekeeper.simulator import MarketFeed
from edgekeeper.trade.seats import FeatureSource
from edgekeeper.types import Float32Array, Float64Array, Forecasts, Int64Array

__all__ = ["Correction", "OutcomeSource"]

OutcomeSource = Callable[[Int64Array], Labels]
"""Outcomes of some bars; of those that are not known yet, it need not tell."""

_COMPARED = 1_000  # rows on which two packages' scores are compared


class Correction:
    """A line's corrector, and its forecasts whose outcome is not known yet.

    Parameters
    ----------
    feed : MarketFeed
    features : FeatureSource
    config : OnlineConfig
    """

    def __init__(self, feed: MarketFeed, features: FeatureSource, config: OnlineConfig) -> None:
        self.feed, self.features = feed, features
        self.corrector = make_corrector(config)
        self.learned = 0  # rows
        self._package: Package | None = None
        self._rows: Int64Array = np.zeros(0, dtype=np.int64)
        self._said = _Said.none()

    def read(self, package: Package, first: int, last: int, forecasts: Forecasts) -> Forecasts:
        """Correct the package's forecasts for the rows of instants ``first:last``."""
        offsets = self.feed.offsets
        rows = slice(int(offsets[first]), int(offsets[last]))
        matrix = self.features(package)
        self._follow(package, rows.start)
        feed = self.feed
        view = view_of(
            package, matrix[rows], feed.volatility[rows], forecasts, feed.bars.event_time[rows]
        )
        usable = view.usable
        self._rows = np.append(self._rows, np.flatnonzero(usable) + rows.start)
        self._said = self._said.and_of(view.take(usable))
        return self.corrector.correct(view)

    def end_epoch(self, outcomes: OutcomeSource, now_ns: int) -> None:
        """Learn from forecasts whose both sides' outcomes are known by now."""
        if not len(self._rows):
            return
        labels = outcomes(self._rows)
        due = np.flatnonzero((labels.end_time <= now_ns) & (labels.end_time < NEVER))
        if not len(due) or self._package is None:
            return
        due = due[np.argsort(labels.end_time[due], kind="stable")]
        rows, labels = self._rows[due], labels.take(due)
        held = labels.bars_held.mean(axis=1)
        said = self._said.take(due)
        self.corrector.learn(
            said.view(self.features(self._package)[rows]),
            Outcome(
                instant=np.searchsorted(self.feed.offsets, rows, side="right") - 1,
                net_return=labels.net_return,
                weight=said.weight / held,
            ),
        )
        self.learned += len(due)
        waits = np.ones(len(self._rows), dtype=np.bool_)
        waits[due] = False
        self._rows, self._said = self._rows[waits], self._said.take(np.flatnonzero(waits))

    def _follow(self, package: Package, before: int) -> None:
        """Take note of the package that forecasts from row ``before`` on."""
        previous, self._package = self._package, package
        if previous is None or previous.hash == package.hash:
            return
        rows = slice(max(before - _COMPARED, 0), before)
        found = agreement(*(
            scores_read(one, self.features(one)[rows], self.feed.bars.event_time[rows])
            for one in (previous, package)
        ))  # fmt: skip
        self.corrector.follow(found)
        self._said.weight *= max(found, 0.0) ** 2


def _places() -> list[slice | int]:
    """Columns of the fields of forecasts: a pair for each but the last."""
    return [*(slice(k, k + 2) for k in range(0, 12, 2)), 12]


class _Said:
    """Forecasts that wait for their outcome: all numbers of a view but the features."""

    def __init__(self, numbers: Float64Array, weight: Float64Array) -> None:
        self.numbers, self.weight = numbers, weight

    @classmethod
    def none(cls) -> "_Said":
        return cls(np.zeros((0, 15)), np.zeros(0))

    def and_of(self, view: View) -> "_Said":
        """Return these and those of a view."""
        fields = [getattr(view.forecasts, name) for name in Forecasts.__dataclass_fields__]
        numbers = np.column_stack([*fields, view.score, view.unit])
        return _Said(np.vstack([self.numbers, numbers]), np.append(self.weight, np.ones(len(view))))

    def take(self, rows: Int64Array) -> "_Said":
        """Return some of them."""
        return _Said(self.numbers[rows], self.weight[rows])

    def view(self, features: Float32Array) -> View:
        """Return the view they came from."""
        fields = dict(zip(Forecasts.__dataclass_fields__, _places(), strict=True))
        forecasts = Forecasts(**{name: self.numbers[:, at] for name, at in fields.items()})
        return View(forecasts, self.numbers[:, 13], self.numbers[:, 14], features)
