"""Look for better parameters of a learner, on rows that no hold-out will judge it by."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgekeeper.bars import Bars
from edgekeeper.config import Config, LineConfig, SearchConfig
from edgekeeper.market import bars_hash
from edgekeeper.models import summed_in_order
from edgekeeper.rollout import recipe_hash, recipe_of
from edgekeeper.splits import HoldOut
from edgekeeper.train import (
    Progress,
    Search,
    TrainingData,
    feature_set_of,
    importance_of,
    known_rows,
    labels_hash,
    search_parameters,
    seed_of,
    tuned_space,
    wants_signals,
)
from edgekeeper.workbench.forecasting import with_signals
from edgekeeper.workbench.lines import line_of
from edgekeeper.workbench.study_file import StudyFile

__all__ = ["Tuned", "tune"]


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a search by hand found.

    Attributes
    ----------
    search : Search
    importance : mapping of name to float
        Share of the losses' spread each tuned parameter accounts for.
    features : str
        Hash of the feature set.
    data_hash, labels_hash : str
    last_ns : int
        Newest bar.
    rows : int
        Older than the hold-out.
    """

    search: Search
    importance: Mapping[str, float]
    features: str
    data_hash: str
    labels_hash: str
    last_ns: int
    rows: int


@summed_in_order()
def tune(
    bars: Any,
    *,
    learner: str = "lightgbm",
    features: tuple[str, ...] | None = None,
    fixed: Mapping[str, float | int | str | bool] | None = None,
    rule: SearchConfig | None = None,
    config: Config | None = None,
    storage: str | Path | None = None,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Tuned:
    """Search the space of a learner on all bars given but the newest, which judge what is trained.

    Parameters
    ----------
    bars : Bars or frame
    learner : str
        A name of ``edgekeeper.models.LEARNERS``.
    features : tuple of str, optional
        Catalogues; the usual ones by default.
    fixed : mapping, optional
        Parameters that are not searched, and what they are.
    rule : SearchConfig, optional
        100 trials by Optuna by default.
    config : Config, optional
    storage : path or URL, optional
        Where trials are kept, so that asking again goes on from there.
    jobs : int
        Trials side by side; they change nothing but the time it takes.

    Raises
    ------
    UsageError
        An unknown learner or parameter.
    Refused
        Too few outcomes to learn from.

    Examples
    --------
    >>> from edgekeeper.worlds import make_world
    >>> bars = make_world("noise", seed=1, symbols=4, bars=600).bars
    >>> few = SearchConfig(rule="optuna", trials=6, rows=200)
    >>> found = tune(bars, learner="logistic", features=("returns",), rule=few)
    >>> len(found.search.trials), found.search.chosen
    (6, 0)
    """
    bars = bars if isinstance(bars, Bars) else Bars.from_frame(bars)
    config = config or Config()
    rule = rule or SearchConfig(rule="optuna", trials=100)
    line = _line(learner, features, fixed, rule)
    seen = with_signals(bars, config) if wants_signals(line) else bars
    chosen, _ = feature_set_of(line, seen)
    data = TrainingData.prepare(seen, chosen, config, target=line.target)
    last = int(bars.event_time[-1])
    older = known_rows(data, line, config, last, HoldOut(config.gates.holdout_share)).older
    endless = line.model_copy(update={"search": rule.model_copy(update={"trials": 2})})
    recipe = recipe_hash(recipe_of(endless, config))
    name = _name(recipe, bars_hash(bars), dict(chosen.op_versions), config)
    space = tuned_space(line)
    search = search_parameters(
        data,
        older,
        line,
        config,
        seed=seed_of(config.seed, recipe, 0),
        jobs=jobs,
        history=StudyFile(storage, name, space) if storage is not None else None,
        progress=progress,
    )
    finished = [(t.parameters, t.loss) for t in search.trials if not t.pruned]
    return Tuned(
        search,
        importance_of(finished, space),
        chosen.hash,
        bars_hash(bars),
        labels_hash(config),
        last,
        len(older),
    )


def _line(
    learner: str,
    features: tuple[str, ...] | None,
    fixed: Mapping[str, float | int | str | bool] | None,
    rule: SearchConfig,
) -> LineConfig:
    changes: dict[str, Any] = {"search": rule}
    if features is not None:
        changes["features"] = tuple(features)
    return line_of(learner, fixed).model_copy(update=changes)


def _name(recipe: str, data: str, ops: dict[str, int], config: Config) -> str:
    """Name of the study: what its trials depend on, but for how many there are."""
    gates = config.gates.model_dump(mode="json")
    text = json.dumps([recipe, data, ops, gates, version("edgekeeper")], sort_keys=True)
    return f"tune-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
