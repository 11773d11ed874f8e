"""A line's search: configurations drawn at random, each tried on rows the judge never sees.

It reads only rows older than the hold-out of the fit it is made for. Trials are fitted on the
oldest 70 % of them and scored on the next 10 %; the rest calibrates whatever is fitted later, and
is not read here. All of it is one deterministic function of rows, recipe and seed.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekeeper.config import Config, LineConfig, SearchConfig
from edgekeeper.models import LEARNERS, share_fits
from edgekeeper.train.data import TrainingData
from edgekeeper.train.fit import inner_parts, make_learner
from edgekeeper.types import Float64Array, Int64Array, Learner

__all__ = ["Search", "Trial", "search_parameters"]

_PROFILE = 32


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration that was looked at.

    Attributes
    ----------
    parameters : mapping
        Every number that shapes the fit.
    loss : float
        Weighted log loss on the validation rows.
    profile : float64 [k]
        The loss less that of knowing nothing, in ``k`` blocks of time: what correlation between
        trials is measured on.
    """

    parameters: Mapping[str, Any]
    loss: float
    profile: Float64Array


@dataclass(frozen=True, slots=True)
class Search:
    """All trials of one search, and which of them is used until the next.

    The recipe's own parameters are the first trial. They are kept unless another one is better by
    more than one standard error of the difference (Breiman et al. 1984, 3.4.3): the best of many
    equals is only the luckiest.
    """

    trials: tuple[Trial, ...]
    chosen: int
    line: LineConfig

    @property
    def recipe(self) -> LineConfig:
        """The line with the chosen parameters in place."""
        chosen = self.trials[self.chosen].parameters
        kept = {name: chosen[name] for name in LEARNERS[self.line.learner].space()}
        return self.line.model_copy(update={"parameters": {**self.line.parameters, **kept}})


def search_parameters(
    data: TrainingData, rows: Int64Array, line: LineConfig, config: Config, *, seed: int
) -> Search:
    """Try configurations of a line's learner on ``rows``, which exclude the hold-out.

    Parameters that the recipe names are kept; the others are drawn from the learner's search
    space. Where there are more rows than the rule allows, they are drawn evenly over time.

    Raises
    ------
    Refused
        Rows of too few instants to cut them.
    """
    rule = line.search or SearchConfig()
    random = np.random.Generator(np.random.PCG64(seed))
    parts, weight = inner_parts(data, rows, line)
    fit = _thinned(random, parts.fit, rule.rows)
    later = _thinned(random, parts.stop, rule.rows // 2)
    target = data.labels.long_better
    shared = share_fits(
        LEARNERS[line.learner],
        data.training_rows(fit, weight),
        data.training_rows(later, weight),
    )
    block = _blocks(data, later, config.labels.horizon_bars)
    known = target[later] != 0.5
    losses, trials = [], []
    for learner in _draw(line, rule, random):
        raw = shared.score(learner, seed)
        loss = np.where(known, np.logaddexp(0.0, raw) - target[later] * raw, 0.0)
        excess = np.where(known, loss - math.log(2.0), 0.0)
        losses.append(_by_block(excess, weight[later], block))
        total = float(weight[later] @ loss / weight[later][known].sum())
        trials.append(Trial(learner.parameters(), total, _profile(losses[-1])))
    return Search(tuple(trials), _choose(np.array(losses)), line)


def _thinned(random: np.random.Generator, rows: Int64Array, most: int) -> Int64Array:
    """One row at random out of each of ``most`` stretches of equal length, in order."""
    if len(rows) <= most:
        return rows
    edges = np.linspace(0.0, len(rows), most + 1)
    place = edges[:-1] + random.random(most) * np.diff(edges)
    return rows[np.minimum(place.astype(np.int64), len(rows) - 1)]


def _draw(line: LineConfig, rule: SearchConfig, random: np.random.Generator) -> list[Learner]:
    """The recipe's own learner first, then distinct ones from the space."""
    free = {k: v for k, v in LEARNERS[line.learner].space().items() if k not in line.parameters}
    drawn = [
        {name: span.draw(random) for name, span in free.items()} for _ in range(rule.trials - 1)
    ]
    return [
        make_learner(line.model_copy(update={"parameters": {**line.parameters, **changes}}))
        for changes in ({}, *(drawn if free else ()))
    ]


def _blocks(data: TrainingData, rows: Int64Array, horizon: int) -> Int64Array:
    """Number each row's stretch of ``horizon`` instants, from 0: labels of two overlap little."""
    instant = np.searchsorted(data.bars.instants, data.labels.start_time[rows])
    return (instant - instant.min()) // horizon


def _by_block(values: Float64Array, weight: Float64Array, block: Int64Array) -> Float64Array:
    """Weighted mean of each block."""
    sums = np.bincount(block, weights=values * weight)
    weights = np.bincount(block, weights=weight)
    return sums[weights > 0.0] / weights[weights > 0.0]


def _profile(losses: Float64Array) -> Float64Array:
    """At most ``_PROFILE`` means of neighbouring blocks."""
    parts = np.array_split(losses, min(len(losses), _PROFILE))
    return np.array([part.mean() for part in parts])


def _choose(losses: Float64Array) -> int:
    """Return the best trial if it beats the first by more than its standard error, else 0."""
    best = int(np.argmin(losses.mean(axis=1)))
    gain = losses[0] - losses[best]
    if best == 0 or len(gain) < 2:
        return 0
    error = gain.std(ddof=1) / math.sqrt(len(gain))
    return best if gain.mean() > error else 0
