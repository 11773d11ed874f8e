"""Train one model on all bars given, judge it and package it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgekeeper.bars import Bars
from edgekeeper.config import Config, LineConfig, SearchConfig
from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet
from edgekeeper.market import bars_hash
from edgekeeper.models import (
    LEARNERS,
    DataWindow,
    Lineage,
    PackageBytes,
    Provenance,
    build_package,
    summed_in_order,
)
from edgekeeper.registry import Package, Registry
from edgekeeper.rollout import recipe_hash, recipe_of
from edgekeeper.splits import HoldOut
from edgekeeper.trade import rule_signals
from edgekeeper.train import (
    Candidate,
    Progress,
    Search,
    TrainingData,
    feature_set_of,
    seed_of,
    train_candidate,
    wants_signals,
)
from edgekeeper.types import Device, Learner
from edgekeeper.validate import HoldOutData, Verdict, judge
from edgekeeper.workbench.forecasting import with_signals
from edgekeeper.workbench.lines import line_named, line_of

__all__ = ["Trained", "train"]


@dataclass(frozen=True, slots=True)
class Trained:
    """A package, what its hold-out said, and where it lies if a folder was given.

    ``searched`` is what was tried beforehand where it was asked for, ``features`` the hash of the
    feature set.
    """

    package: Package
    verdict: Verdict
    folder: Path | None
    searched: Search | None = None
    features: str = ""


@summed_in_order()
def train(
    bars: Any,
    *,
    learner: str | Learner = "lightgbm",
    parameters: Mapping[str, float | int | str | bool] | None = None,
    features: tuple[str, ...] | None = None,
    line: str = "",
    config: Config | None = None,
    out: str | Path | None = None,
    tune: int = 0,
    jobs: int = 1,
    progress: Progress | None = None,
    device: Device = "cpu",
) -> Trained:
    """Train, judge and package one model on all bars given.

    Parameters
    ----------
    bars : Bars or frame
    learner : str or Learner
        A name of ``edgekeeper.models.LEARNERS``, or one of your own: see ``edgekeeper.wrap``.
    parameters : mapping, optional
        Those that differ from its defaults; a search leaves them as they are. Of a learner of
        your own: none, it has its own.
    features : tuple of str, optional
        Catalogues; the usual ones by default.
    line : str
        Name of a line of ``config``, whose recipe and name stand in place of all of these.
    config : Config, optional
        Labels, costs, gates and seed are taken from it.
    out : path, optional
        Registry folder to save the package in.
    tune, jobs : int
        Configurations to try first on rows older than the hold-out, and how many side by side.
    progress : callable, optional
        Told how many of how many are done.
    device : {"cpu", "cuda"}
        Where to fit what can be; the manifest says where each part was.

    Raises
    ------
    UsageError
        A learner on no shelf, or of your own with ``tune``: its space is unknown. No such device.
    Refused
        Too few outcomes to learn from.

    Examples
    --------
    >>> from edgekeeper.worlds import make_world
    >>> trained = train(make_world("noise", seed=1, symbols=4, bars=600).bars, learner="logistic")
    >>> trained.verdict.outcome, len(trained.package.hash)
    ('accepted', 64)
    """
    bars = bars if isinstance(bars, Bars) else Bars.from_frame(bars)
    config = config or Config()
    recipe = line_named(config, line) if line else line_of(learner, parameters)
    recipe = _changed(recipe, learner, features, tune, device)
    seen = with_signals(bars, config) if wants_signals(recipe) else bars
    own = None if isinstance(learner, str) else learner
    chosen, _ = feature_set_of(recipe, seen, own)
    data = TrainingData.prepare(seen, chosen, config, target=recipe.target)
    seed = seed_of(config.seed, recipe_hash(recipe_of(recipe, config)), 0)
    candidate = train_candidate(
        data,
        recipe,
        config,
        now_ns=int(bars.event_time[-1]),
        seed=seed,
        hold_out=HoldOut(config.gates.holdout_share),
        search_seed=seed if tune else None,
        search_jobs=jobs,
        progress=progress,
        learner=own,
    )
    verdict = _judged(candidate, bars, data, config)
    provenance = _provenance(recipe, bars, candidate, verdict, config, chosen)
    sealed = _packaged(candidate, data, provenance)
    folder = Registry(out).save(sealed) if out is not None else None
    package = Package.from_files(sealed.files)
    return Trained(package, verdict, folder, candidate.searched, chosen.hash)


def _judged(candidate: Candidate, bars: Bars, data: TrainingData, config: Config) -> Verdict:
    """What the hold-out says of a first fit."""
    view = HoldOutData(
        bars,
        data.matrix,
        data.volatility,
        data.labels,
        candidate.hold_out,
        int(bars.event_time[-1]),
        rule_signals(config.rules, bars),
    )
    tried = len(candidate.searched.trials) if candidate.searched is not None else math.nan
    return judge(candidate.judged, None, view, config, trials=tried)


def _packaged(candidate: Candidate, data: TrainingData, provenance: Provenance) -> PackageBytes:
    newest = candidate.rows[-10_000:]
    return build_package(
        candidate.shipped,
        provenance,
        features=data.matrix[newest],
        volatility=data.volatility[newest],
        event_time=data.bars.event_time[newest],
    )


def _changed(
    line: LineConfig,
    learner: str | Learner,
    features: tuple[str, ...] | None,
    trials: int,
    device: Device,
) -> LineConfig:
    """The line with other features, elsewhere, and a search before its fit, where asked for."""
    if device != "cpu":
        line = line.model_copy(update={"device": device})
    if features is not None:
        line = line.model_copy(update={"features": tuple(features)})
    if not trials:
        return line
    if not isinstance(learner, str):
        raise UsageError(
            f"tune: expected a learner on the shelf ({', '.join(LEARNERS)}), got "
            f"{learner.name!r}: what may be changed in it is unknown"
        )
    rule = SearchConfig(rule="optuna", trials=max(trials, 2))
    return line.model_copy(update={"search": rule})


def _provenance(
    line: LineConfig,
    bars: Bars,
    candidate: Candidate,
    verdict: Verdict,
    config: Config,
    features: FeatureSet,
) -> Provenance:
    """What the package says of where it comes from."""
    now = int(bars.event_time[-1])
    return Provenance(
        created_at=now,
        code_version=version("edgekeeper"),
        lineage=Lineage(line.name),
        data=DataWindow(
            first=int(bars.event_time[candidate.rows[0]]),
            last=now,
            rows=len(candidate.rows),
            symbols=bars.symbols_present,
            hash=bars_hash(bars),
        ),
        labels=config.labels.model_dump(mode="json"),
        op_versions=features.op_versions,
        metrics=verdict.hold_out.metrics(),
        gates={
            "outcome": verdict.outcome,
            "profile": config.gates.profile,
            "gates": [gate.record() for gate in verdict.gates],
            "hold_out_uses": candidate.hold_out_uses,
        },
    )
