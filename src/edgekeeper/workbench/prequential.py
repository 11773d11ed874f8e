"""A learner over a history as it would have been used: fitted, asked, fitted again, asked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config, LineConfig, SearchConfig
from edgekeeper.errors import UsageError
from edgekeeper.models import Model, summed_in_order
from edgekeeper.models.learners import share_windows, side_by_side
from edgekeeper.rollout import recipe_hash, recipe_of
from edgekeeper.trade import rule_signals
from edgekeeper.train import (
    Progress,
    Search,
    TrainingData,
    feature_set_of,
    make_learner,
    ready_to_fit,
    search_parameters,
    seed_of,
    wants_signals,
)
from edgekeeper.types import Forecasts
from edgekeeper.validate import Case
from edgekeeper.workbench.forecasting import with_signals
from edgekeeper.workbench.lines import line_of

__all__ = ["Prequential", "prequential"]

_SHORTEST = 20
_SEARCHED_ROWS, _SEARCHED_FOLDS = 1_000, 2


@dataclass(frozen=True)
class Prequential:
    """What a learner said of each stretch before its outcomes were known.

    Attributes
    ----------
    case : Case
        Its forecasts; :func:`compare` takes a result as it is.
    fits_ns : tuple of int
        When it was fitted.
    search : Search or None
        What was tried before the first fit, where it was asked for.
    """

    case: Case
    fits_ns: tuple[int, ...]
    search: Search | None


@summed_in_order()
def prequential(
    bars: Any,
    *,
    learner: str = "lightgbm",
    parameters: Mapping[str, float | int | str | bool] | None = None,
    features: tuple[str, ...] | None = None,
    config: Config | None = None,
    start: float = 0.4,
    every: int = 252,
    tune: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
    name: str = "",
) -> Prequential:
    """Fit a learner again and again on what was known, and forecast the bars until the next fit.

    Parameters
    ----------
    bars : Bars or frame
    learner : str
        A name of ``edgekeeper.models.LEARNERS``.
    parameters : mapping, optional
        Those that differ from its defaults.
    features : tuple of str, optional
        Catalogues; the usual ones by default.
    config : Config, optional
    start : float
        Share of the instants that the first fit knows.
    every : int
        Instants from one fit to the next.
    tune : int
        Configurations to try before the first fit, on what it knows; used for all fits.
    jobs : int
        Trials and fits side by side, a thread each. They change nothing but the time it takes.
    progress : callable, optional
        Told how many of the fits are done.
    name : str
        Of the case; the learner's by default.

    Raises
    ------
    UsageError
        An unknown learner or parameter, or a schedule that leaves nothing to forecast.
    Refused
        Too few outcomes to learn from at the first fit.

    Notes
    -----
    Fits on overlapping windows share what they can, see :func:`models.learners.share_windows`: of
    LightGBM the bins, whose edges come from a window's own rows or from older ones.

    Examples
    --------
    >>> from edgekeeper.worlds import make_world
    >>> bars = make_world("noise", seed=1, symbols=4, bars=600).bars
    >>> found = prequential(bars, learner="logistic", features=("returns",), every=126)
    >>> len(found.fits_ns)
    3
    """
    bars = bars if isinstance(bars, Bars) else Bars.from_frame(bars)
    config = config or Config()
    line = _line(learner, parameters, features)
    cuts = _schedule(len(bars.instants), start, every)
    seen = with_signals(bars, config) if wants_signals(line) else bars
    chosen, _ = feature_set_of(line, seen)
    data = TrainingData.prepare(seen, chosen, config, target=line.target)
    fits = [int(bars.instants[cut - 1]) for cut in cuts[:-1]]
    seed = seed_of(config.seed, recipe_hash(recipe_of(line, config)), 0)
    search = None
    if tune:
        known = data.known_rows(fits[0])
        search = search_parameters(
            data, known, _searching(line, tune), config, seed=seed, jobs=jobs
        )
        line = search.recipe
    forecasts = _walk(data, line, config, cuts, seed, jobs, progress)
    case = _case(data, forecasts, config, int(bars.instants[cuts[0]]), name or learner)
    return Prequential(case, tuple(fits), search)


def _case(
    data: TrainingData, forecasts: Forecasts, config: Config, first_ns: int, name: str
) -> Case:
    return Case(
        name=name,
        bars=data.bars,
        volatility=data.volatility,
        labels=data.labels,
        forecasts=forecasts,
        probability=forecasts.probability,
        rules=rule_signals(config.rules, data.bars),
        first_ns=first_ns,
    )


def _line(
    learner: str,
    parameters: Mapping[str, float | int | str | bool] | None,
    features: tuple[str, ...] | None,
) -> LineConfig:
    line = line_of(learner, parameters)
    return line if features is None else line.model_copy(update={"features": tuple(features)})


def _searching(line: LineConfig, trials: int) -> LineConfig:
    rule = SearchConfig(
        rule="optuna", trials=max(trials, 2), rows=_SEARCHED_ROWS, folds=_SEARCHED_FOLDS
    )
    return line.model_copy(update={"search": rule})


def _schedule(total: int, start: float, every: int) -> list[int]:
    """Instants at which a stretch begins, and the end."""
    if not 0.0 < start < 1.0 or every < 1:
        raise UsageError(
            f"expected a start within (0, 1) and 1 or more bars between fits, got {start!r} and "
            f"{every!r}"
        )
    first = int(start * total)
    if first < 1 or total - first < _SHORTEST:
        raise UsageError(
            f"expected at least {_SHORTEST} bars to forecast, got {max(total - first, 0)} of "
            f"{total}: begin earlier, or bring more bars"
        )
    return [*range(first, total, every), total]


def _walk(
    data: TrainingData,
    line: LineConfig,
    config: Config,
    cuts: list[int],
    seed: int,
    jobs: int,
    progress: Progress | None,
) -> Forecasts:
    """Fit before each stretch and forecast it; bars before the first stay without forecast."""
    bars, parts = data.bars, []
    learner = make_learner(line)
    windows = share_windows(learner, data.table), share_windows(learner, data.table)

    def stretches() -> Iterator[Callable[[], Forecasts]]:
        for number, (begin, end) in enumerate(pairwise(cuts)):
            known = data.known_rows(int(bars.instants[begin - 1]), line.window_bars)
            fit = ready_to_fit(data, known, line, config, seed=seed + number, windows=windows)
            rows = slice(int(bars.instant_offsets[begin]), int(bars.instant_offsets[end]))
            yield partial(_forecasts, data, rows, fit)

    for said in side_by_side(stretches(), jobs):
        parts.append(said)
        if progress is not None:
            progress(len(parts), len(cuts) - 1)
    silent = int(bars.instant_offsets[cuts[0]])
    return Forecasts(*(_joined(parts, each, silent) for each in Forecasts.__dataclass_fields__))


def _forecasts(data: TrainingData, rows: slice, fit: Callable[[], Model]) -> Forecasts:
    return fit().forecast(data.matrix[rows], data.volatility[rows], data.bars.event_time[rows])


def _joined(parts: list[Forecasts], name: str, silent: int) -> Any:
    values = [getattr(part, name) for part in parts]
    before = np.full((silent, *values[0].shape[1:]), np.nan)
    return np.concatenate([before, *values])
