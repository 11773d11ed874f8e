"""A line's search: configurations of its learner, each tried on rows the judge never sees.

It reads only rows older than the hold-out of the fit it is made for, and of those the oldest 80 %;
the rest calibrates whatever is fitted later, and is not read here. All of it is one deterministic
function of rows, recipe and seed, however many workers share the work.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from edgekeeper.config import Config, LineConfig, SearchConfig
from edgekeeper.models import LEARNERS
from edgekeeper.models.learners import Span
from edgekeeper.train.data import TrainingData
from edgekeeper.train.fit import make_learner
from edgekeeper.train.search_folds import newest_fold, walk_forward_folds
from edgekeeper.train.trial import History, Progress, Trial, Tried, profile_of
from edgekeeper.train.tune import tune
from edgekeeper.types import Float64Array, Int64Array, Learner

__all__ = ["Search", "search_parameters", "tuned_space"]


@dataclass(frozen=True, slots=True)
class Search:
    """All trials of one search, and which of them is used until the next.

    The recipe's own parameters are the first trial. They are kept unless another one is better by
    more than one standard error of the difference (Breiman et al. 1984, 3.4.3): the best of many
    equals is only the luckiest.

    Attributes
    ----------
    trials : tuple of Trial
    chosen : int
        Index of the trial that is used.
    line : LineConfig
    best : int
        The one of least loss among those that saw every fold.
    gain, error : float
        By how much its loss is below the first one's, and the standard error of that.
    """

    trials: tuple[Trial, ...]
    chosen: int
    line: LineConfig
    best: int = 0
    gain: float = 0.0
    error: float = math.nan

    @property
    def recipe(self) -> LineConfig:
        """The line with the chosen parameters in place."""
        chosen = self.trials[self.chosen].parameters
        kept = {name: chosen[name] for name in LEARNERS[self.line.learner].space()}
        return self.line.model_copy(update={"parameters": {**self.line.parameters, **kept}})

    @property
    def tuned(self) -> tuple[str, ...]:
        """Parameters that were searched; all others were fixed."""
        return tuple(tuned_space(self.line))


def tuned_space(line: LineConfig) -> dict[str, Span]:
    """Parameters a search may change: the learner's space without what the recipe names."""
    space = LEARNERS[line.learner].space()
    return {name: span for name, span in space.items() if name not in line.parameters}


def search_parameters(
    data: TrainingData,
    rows: Int64Array,
    line: LineConfig,
    config: Config,
    *,
    seed: int,
    jobs: int = 1,
    history: History | None = None,
    progress: Progress | None = None,
) -> Search:
    """Try configurations of a line's learner on ``rows``, which exclude the hold-out.

    Parameters that the recipe names are kept; the others are drawn from the learner's search
    space. Where there are more rows than the rule allows, they are drawn evenly over time. Rule
    ``random`` scores on the newest fold alone; rule ``optuna`` walks forward over several, gives
    up early on what is worse than half of the trials before it, and learns where to look next.

    Parameters
    ----------
    jobs : int
        Trials side by side, of rule ``optuna``. They change nothing but the time it takes.
    history : History, optional
        Where it stopped before, and where it is kept; of rule ``optuna``.

    Raises
    ------
    Refused
        Rows of too few instants to cut them.
    """
    rule = line.search or SearchConfig()
    random = np.random.Generator(np.random.PCG64(seed))
    space = tuned_space(line)
    if rule.rule == "optuna":
        folds = walk_forward_folds(data, rows, line, rule, config, random)
        tried = tune(
            folds, line, rule, space,
            seed=seed, jobs=jobs, history=history, progress=progress,
        )  # fmt: skip
    else:
        fold = newest_fold(data, rows, line, rule, config, random)
        drawn = [
            {name: span.draw(random) for name, span in space.items()}
            for _ in range(rule.trials - 1)
        ]
        tried = [
            Tried(changes, (fold.score(_learner(line, changes), seed),))
            for changes in ({}, *(drawn if space else ()))
        ]
    return _search(tried, line)


def _learner(line: LineConfig, changes: Mapping[str, float | int]) -> Learner:
    return make_learner(line.model_copy(update={"parameters": {**line.parameters, **changes}}))


class Choice(NamedTuple):
    """Which trial is used, which is best, and what the difference to the first is known by."""

    chosen: int
    best: int
    gain: float
    error: float


def _search(tried: list[Tried], line: LineConfig) -> Search:
    finished = [place for place, one in enumerate(tried) if not one.pruned]
    choice = _choose(np.array([tried[place].blocks for place in finished]))
    first = tried[0]
    trials = []
    for one in tried:
        seen = len(one.scores)
        worse = one.mean_loss() - first.mean_loss(seen)
        loss = first.mean_loss() + worse if one.pruned else one.mean_loss()
        parameters = _learner(line, one.changes).parameters()
        trials.append(Trial(parameters, loss, profile_of(one.blocks), one.pruned))
    return Search(
        tuple(trials),
        finished[choice.chosen],
        line,
        finished[choice.best],
        choice.gain,
        choice.error,
    )


def _choose(losses: Float64Array) -> Choice:
    """Choose the best trial if it beats the first by more than its standard error, else 0."""
    best = int(np.argmin(losses.mean(axis=1)))
    gain = losses[0] - losses[best]
    if best == 0 or len(gain) < 2:
        return Choice(0, best, float(gain.mean()), math.nan)
    error = float(gain.std(ddof=1) / math.sqrt(len(gain)))
    return Choice(best if gain.mean() > error else 0, best, float(gain.mean()), error)
