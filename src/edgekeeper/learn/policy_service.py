"""Learns the policies of lines as their outcomes come: what each should change, at boundaries."""

from collections.abc import Mapping, Sequence

import numpy as np

from edgekeeper.config import Config
from edgekeeper.learn.policy_learning import find_lesson
from edgekeeper.rollout import PolicyLesson, policy_of
from edgekeeper.simulator import MarketFeed
from edgekeeper.train import barrier_of
from edgekeeper.types import Forecasts
from edgekeeper.validate.case import Case

__all__ = ["PolicyService"]


class PolicyService:
    """Hears what lines forecast, and looks at fixed distances whether another policy earns more.

    Forecasts are handed in by whoever made them: the rows of the ledger's table are detail that
    retention may let go, and no decision may hang on them when a run is lived again. So what is
    found follows from bars, packages and policies alone, however the run was cut.

    Parameters
    ----------
    feed : MarketFeed
    config : Config
    """

    def __init__(self, feed: MarketFeed, config: Config) -> None:
        self._feed, self._config = feed, config
        self._recipes = {
            line.name: policy_of(line, config)
            for line in config.lines
            if line.policy is not None and line.policy.learn
        }
        self._rules = {line.name: line.policy for line in config.lines if line.policy is not None}
        self._heard: dict[str, list[tuple[slice, Forecasts]]] = {name: [] for name in self._recipes}
        self._epochs = dict.fromkeys(self._recipes, 0)

    def look(
        self, said: Sequence[tuple[str, slice, Forecasts]], present: Mapping[str, Config]
    ) -> list[PolicyLesson]:
        """Hear what was forecast since the last boundary; return what is proposed at this one.

        Parameters
        ----------
        said : sequence of (line, rows of the feed, Forecasts)
        present : mapping of line to Config
            What each line decides by that may change its policy now.
        """
        lessons = []
        for line, heard in self._heard.items():
            mine = [(rows, made) for name, rows, made in said if name == line]
            if not mine:
                continue
            heard += mine
            self._epochs[line] += 1
            self._forget(line)
            if self._epochs[line] % self._rules[line].every_epochs == 0 and line in present:
                found = find_lesson(
                    self._case(line),
                    present[line],
                    self._recipes[line],
                    line,
                    level=self._rules[line].error_rate,
                )
                if found is not None and found.proposals:
                    lessons.append(found)
        return lessons

    def _first_row(self, line: str) -> int:
        """Where the newest bars begin that a line learns from."""
        feed, last = self._feed, self._heard[line][-1][0].stop
        instants = int(np.searchsorted(feed.offsets, last))
        first = max(instants - self._rules[line].recent_bars, 0)
        return max(int(feed.offsets[first]), self._heard[line][0][0].start)

    def _forget(self, line: str) -> None:
        heard, first = self._heard[line], self._first_row(line)
        while heard[0][0].stop <= first:
            del heard[0]

    def _case(self, line: str) -> Case:
        first, last = self._first_row(line), self._heard[line][-1][0].stop
        bars, volatility = self._feed.bars.rows(first, last), self._feed.volatility[first:last]
        forecasts = Forecasts.empty(last - first)
        for rows, made in self._heard[line]:
            begin = max(rows.start, first)
            for name in Forecasts.__dataclass_fields__:
                values = getattr(made, name)[begin - rows.start :]
                getattr(forecasts, name)[begin - first : rows.stop - first] = values
        return Case(
            name=line,
            bars=bars,
            volatility=volatility,
            labels=barrier_of(self._config).label(bars, volatility),
            forecasts=forecasts,
            probability=forecasts.probability,
            rules=np.zeros(last - first, dtype=np.int8),
            first_ns=int(bars.event_time[0]),
        )
