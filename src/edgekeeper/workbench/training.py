"""Train one model on all bars given, judge it and package it."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from edgekeeper.bars import Bars
from edgekeeper.config import Config, LineConfig
from edgekeeper.market import bars_hash
from edgekeeper.models import (
    LEARNERS,
    DataWindow,
    LearnerClass,
    Lineage,
    Provenance,
    build_package,
    summed_in_order,
)
from edgekeeper.registry import Package, Registry
from edgekeeper.rollout import recipe_hash, recipe_of
from edgekeeper.splits import HoldOut
from edgekeeper.trade import rule_signals
from edgekeeper.train import TrainingData, feature_set_of, seed_of, train_candidate, wants_signals
from edgekeeper.types import Learner
from edgekeeper.validate import HoldOutData, Verdict, judge
from edgekeeper.workbench.forecasting import with_signals

__all__ = ["Trained", "train"]


@dataclass(frozen=True, slots=True)
class Trained:
    """A package, what its hold-out said, and where it lies if a folder was given."""

    package: Package
    verdict: Verdict
    folder: Path | None


@summed_in_order()
def train(
    bars: Any,
    *,
    learner: str | Learner = "lightgbm",
    features: tuple[str, ...] | None = None,
    config: Config | None = None,
    out: str | Path | None = None,
) -> Trained:
    """Train, judge and package one model on all bars given.

    Parameters
    ----------
    bars : Bars or frame
    learner : str or Learner
        A name of ``edgekeeper.models.LEARNERS``, or one of your own: see ``edgekeeper.wrap``.
    features : tuple of str, optional
        Catalogues; the usual ones by default.
    config : Config, optional
        Labels, costs, gates and seed are taken from it.
    out : path, optional
        Registry folder to save the package in.

    Raises
    ------
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
    line = _line_of(learner)
    if features is not None:
        line = line.model_copy(update={"features": tuple(features)})
    seen = with_signals(bars, config) if wants_signals(line) else bars
    own = None if isinstance(learner, str) else learner
    chosen, _ = feature_set_of(line, seen, own)
    data = TrainingData.prepare(seen, chosen, config)
    now = int(bars.event_time[-1])
    candidate = train_candidate(
        data,
        line,
        config,
        now_ns=now,
        seed=seed_of(config.seed, recipe_hash(recipe_of(line, config)), 0),
        hold_out=HoldOut(config.gates.holdout_share),
        learner=own,
    )
    view = HoldOutData(
        bars,
        data.matrix,
        data.volatility,
        data.labels,
        candidate.hold_out,
        now,
        rule_signals(config.rules, bars),
    )
    verdict = judge(candidate.judged, None, view, config)
    provenance = Provenance(
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
        op_versions=chosen.op_versions,
        metrics=verdict.hold_out.metrics(),
        gates={
            "outcome": verdict.outcome,
            "profile": config.gates.profile,
            "gates": [gate.record() for gate in verdict.gates],
            "hold_out_uses": candidate.hold_out_uses,
        },
    )
    sealed = build_package(
        candidate.shipped,
        provenance,
        features=data.matrix[candidate.rows[-10_000:]],
        volatility=data.volatility[candidate.rows[-10_000:]],
    )
    folder = Registry(out).save(sealed) if out is not None else None
    return Trained(Package.from_files(sealed.files), verdict, folder)


def _line_of(learner: str | Learner) -> LineConfig:
    if isinstance(learner, str):
        return LineConfig(name=learner, learner=learner, **_catalogues(LEARNERS.get(learner)))
    settings = {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in learner.parameters().items()
    }
    return LineConfig(
        name=learner.name, learner=learner.name, parameters=settings, **_catalogues(learner)
    )


def _catalogues(learner: Learner | LearnerClass | None) -> dict[str, tuple[str, ...]]:
    """Features for who asks for none: a learner that reads many bars wants few of each."""
    own: tuple[str, ...] | None = getattr(learner, "catalogues", None)
    return {} if own is None else {"features": own}
