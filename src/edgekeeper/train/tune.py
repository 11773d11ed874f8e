"""Search by Optuna: learns from its trials where to look next, the same with any number of workers.

Trials are asked for in batches, evaluated fold by fold side by side, and told in the order they
were asked for. Each batch draws from a seed of its own. A search that is taken up again asks the
same questions from the start, and looks answers up in its history as long as there are any. There
is no budget of time: a slow machine finds what a fast one finds.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.config import LineConfig, SearchConfig
from edgekeeper.errors import BadData, UsageError
from edgekeeper.models.learners import Span
from edgekeeper.train.fit import make_learner
from edgekeeper.train.search_folds import SearchFold
from edgekeeper.train.trial import FoldScore, History, Progress, Tried

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

__all__ = ["distributions_of", "freeze", "importance_of", "tune"]

_BEFORE_PRUNING = 5


def tune(
    folds: Sequence[SearchFold],
    line: LineConfig,
    rule: SearchConfig,
    space: Mapping[str, Span],
    *,
    seed: int,
    jobs: int = 1,
    history: History | None = None,
    progress: Progress | None = None,
) -> list[Tried]:
    """Return the trials in the order they were asked for, the recipe's own first.

    Source: Bergstra et al. (2011), Algorithms for hyper-parameter optimization (TPE); Golovin et
    al. (2017), Google Vizier, section 3.2.2 (the median rule, here on the loss less that of the
    recipe on the same folds, so that a fold's own difficulty does not matter).

    Raises
    ------
    UsageError
        Fewer than one worker.
    BadData
        A history that another version, or something else, has written.
    """
    if jobs < 1:
        raise UsageError(f"jobs: expected at least one worker, got {jobs}")
    total = rule.trials if space else 1
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        bench = _Bench(folds, line, seed, pool)
        record = _Record(history, bench, progress, total)
        first = Tried({}, bench.on_every_fold({}))
        record.add([first])
        if total > 1:
            kinds = distributions_of(space)
            study = _study(rule, first, kinds, _inside(line, space))
        while len(record.tried) < total:
            place = len(record.tried)
            study.sampler = _sampler(seed, place)
            asked = [study.ask(kinds) for _ in range(min(rule.batch, total - place))]
            found = bench.on_folds_in_turn(asked, first, rule.prune)
            for trial, one in zip(asked, found, strict=True):
                _tell(study, trial, one)
            record.add(found)
    return record.tried


class _Bench:
    """Evaluates configurations, several at a time; what is known already is not fitted again."""

    def __init__(
        self, folds: Sequence[SearchFold], line: LineConfig, seed: int, pool: ThreadPoolExecutor
    ) -> None:
        self.known: dict[tuple[tuple[str, float], ...], tuple[FoldScore, ...]] = {}
        self._folds, self._line, self._seed, self._pool = folds, line, seed, pool

    def remember(self, one: Tried) -> None:
        """Keep the scores of a configuration, for when it is asked for again."""
        key = tuple(sorted(one.changes.items()))
        if len(one.scores) > len(self.known.get(key, ())):
            self.known[key] = tuple(one.scores)

    def on_every_fold(self, changes: Mapping[str, float | int]) -> tuple[FoldScore, ...]:
        """Scores of one configuration, its folds side by side."""
        return tuple(self._pool.map(lambda k: self._score(changes, k), range(len(self._folds))))

    def on_folds_in_turn(self, asked: Sequence["Trial"], recipe: Tried, prune: bool) -> list[Tried]:
        """Try configurations side by side, one fold after the other, pruned in between."""
        scores: list[list[FoldScore]] = [[] for _ in asked]
        alive = list(range(len(asked)))
        for fold in range(len(self._folds)):
            fitted = self._pool.map(lambda i, k=fold: self._score(asked[i].params, k), alive)
            for i, score in zip(alive, fitted, strict=True):
                scores[i].append(score)
                asked[i].report(_worse(scores[i], recipe), fold)
            if prune and fold < len(self._folds) - 1:
                alive = [i for i in alive if not asked[i].should_prune()]
        return [
            Tried(dict(trial.params), tuple(seen), len(seen) < len(self._folds))
            for trial, seen in zip(asked, scores, strict=True)
        ]

    def _score(self, changes: Mapping[str, Any], fold: int) -> FoldScore:
        known = self.known.get(tuple(sorted(changes.items())), ())
        if fold < len(known):
            return known[fold]
        parameters = {**self._line.parameters, **changes}
        learner = make_learner(self._line.model_copy(update={"parameters": parameters}))
        return self._folds[fold].score(learner, self._seed)


class _Record:
    """The trials so far; what the history has not seen yet is added to it."""

    def __init__(
        self, history: History | None, bench: _Bench, progress: Progress | None, total: int
    ) -> None:
        self.tried: list[Tried] = []
        self._history, self._bench, self._progress = history, bench, progress
        self._total = total
        self._before = history.read() if history is not None else []
        for one in self._before:
            bench.remember(one)

    def add(self, found: Sequence[Tried]) -> None:
        for one in found:
            place = len(self.tried)
            if place < len(self._before) and dict(self._before[place].changes) != one.changes:
                raise BadData(
                    f"history: expected {dict(one.changes)} as trial {place}, got "
                    f"{dict(self._before[place].changes)}: it was written by another version; "
                    "name another file with --storage"
                )
            self.tried.append(one)
            self._bench.remember(one)
        new = self.tried[max(len(self._before), len(self.tried) - len(found)) :]
        if self._history is not None and new:
            self._history.append(new)
        if self._progress is not None:
            self._progress(len(self.tried), self._total)


def _worse(scores: Sequence[FoldScore], recipe: Tried) -> float:
    """Loss so far, less that of the recipe on the same folds."""
    return Tried({}, scores).mean_loss() - recipe.mean_loss(len(scores))


def _study(
    rule: SearchConfig,
    recipe: Tried,
    kinds: Mapping[str, "BaseDistribution"],
    own: Mapping[str, float | int] | None,
) -> "Study":
    """Return an empty study in memory; it knows the recipe where that lies in the space."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=_BEFORE_PRUNING)
    study = optuna.create_study(direction="minimize", pruner=pruner)
    if own is not None:
        worse = [_worse(recipe.scores[: k + 1], recipe) for k in range(len(recipe.scores))]
        study.add_trial(freeze(Tried(own, recipe.scores), kinds, worse))
    return study


def _inside(line: LineConfig, space: Mapping[str, Span]) -> dict[str, float | int] | None:
    """The recipe's own values of the space, or None where one lies outside."""
    own = make_learner(line).parameters()
    return {n: own[n] for n in space} if all(own[n] in s for n, s in space.items()) else None


def _sampler(seed: int, place: int) -> Any:
    from optuna.samplers import TPESampler

    drawn = int(np.random.SeedSequence([seed, place]).generate_state(1)[0])
    return TPESampler(seed=drawn, constant_liar=True)


def _tell(study: "Study", trial: "Trial", one: Tried) -> None:
    from optuna.trial import TrialState

    if one.pruned:
        study.tell(trial, state=TrialState.PRUNED)
    else:
        study.tell(trial, one.mean_loss())


def distributions_of(space: Mapping[str, Span]) -> dict[str, "BaseDistribution"]:
    """Return a search space in Optuna's terms."""
    from optuna.distributions import FloatDistribution, IntDistribution

    return {
        name: IntDistribution(int(span.low), int(span.high), log=span.log)
        if span.whole
        else FloatDistribution(span.low, span.high, log=span.log)
        for name, span in space.items()
    }


def freeze(
    one: Tried, kinds: Mapping[str, "BaseDistribution"], steps: Sequence[float], **attributes: Any
) -> "FrozenTrial":
    """Return a trial as a study keeps it; ``steps`` are its values fold by fold."""
    from optuna.trial import TrialState, create_trial

    return create_trial(
        state=TrialState.PRUNED if one.pruned else TrialState.COMPLETE,
        value=None if one.pruned else one.mean_loss(),
        params=dict(one.changes),
        distributions={name: kinds[name] for name in one.changes},
        intermediate_values=dict(enumerate(steps)),
        user_attrs=attributes,
    )


def importance_of(tried: Sequence[tuple[Mapping[str, Any], float]], space: Mapping[str, Span]) -> (
    dict[str, float]
):  # fmt: skip
    """Share of the losses' spread that each parameter accounts for, largest first.

    Parameters
    ----------
    tried : sequence of (parameters, loss)
        Finished trials; those outside the space are left out.
    space : mapping of name to Span

    Returns
    -------
    dict
        Empty where fewer than four trials tell anything, or all losses are equal.

    Notes
    -----
    Hutter, Hoos and Leyton-Brown (2014), functional ANOVA, by Optuna.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    kinds = distributions_of(space)
    study = optuna.create_study()
    for parameters, loss in tried:
        if all(parameters[name] in span for name, span in space.items()):
            params = {name: parameters[name] for name in space}
            study.add_trial(
                optuna.trial.create_trial(params=params, distributions=kinds, value=loss)
            )
    values = [trial.value for trial in study.trials]
    if len(values) < 4 or len(set(values)) < 2 or not space:
        return {}
    found = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
    )
    return {name: float(share) for name, share in found.items()}
