"""A finished run's report once more, told from its record."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config
from edgekeeper.errors import EdgekeeperError, UsageError
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.ledger import Ledger
from edgekeeper.registry import Package, Registry
from edgekeeper.report.story import Story
from edgekeeper.report.summary import summary
from edgekeeper.report.targets import Target, measure_targets
from edgekeeper.report.tell import ABOUT_BARS, Market, tell
from edgekeeper.train import barrier_of

__all__ = ["Retold", "retell"]


@dataclass(frozen=True, slots=True)
class Retold:
    """A run, read back from its ledger, packages and bars.

    Attributes
    ----------
    story : Story
    summary : dict
        The figures of ``replay --json``.
    targets : list of Target
        Hopes beside what was measured.
    """

    story: Story
    summary: dict[str, Any]
    targets: list[Target]


def retell(folder: Path, ledger: Ledger, bars: Bars, config: Config) -> Retold:
    """Tell a run anew.

    Parameters
    ----------
    bars : Bars
        All of the run, those that a live run began with included.

    Raises
    ------
    UsageError
        A live run that has traded no bar yet.
    BadData
        A damaged ledger or package.
    """
    volatility = evaluate(config.labels.volatility, bars)
    newest = _newest(ledger, Registry(folder / "models"))
    matrix = None if newest is None else FeatureSet(newest.features).matrix(bars)
    first = _first_traded(ledger, bars)
    if first:
        bars, volatility = bars.since(first), volatility[first:]
        matrix = None if matrix is None else matrix[first:]
    labels = barrier_of(config).label(bars, volatility)
    kept = _kept(folder)
    seconds = kept.get("wall_seconds")
    story = tell(
        ledger,
        bars,
        labels,
        config,
        _market(kept, folder),
        newest=newest,
        matrix=matrix,
        wall_seconds=seconds if isinstance(seconds, float) else math.nan,
    )
    figures = summary(story, ledger, str(folder))
    return Retold(story, figures, measure_targets(story, ledger, bars, labels, config))


def _first_traded(ledger: Ledger, bars: Bars) -> int:
    """First row that was traded: 0 for a replay, the one after the history for a live run."""
    steps = ledger.read("stretches", ["kind", "event_time_ns"])
    if steps.height == 0:
        return 0
    history = steps.filter(steps["kind"] == "history")["event_time_ns"]
    if not (steps["kind"] == "bars").any():
        raise UsageError(f"{ledger.place} has traded no bar yet: there is nothing to report")
    return int(np.searchsorted(bars.event_time, int(history[0]), side="right"))


def _newest(ledger: Ledger, registry: Registry) -> Package | None:
    """Newest accepted package of the run that still lies beside it."""
    packages = ledger.read("packages", ["hash", "fitted_at_ns"], where={"verdict": "accepted"})
    for name in packages.sort("fitted_at_ns", descending=True)["hash"]:
        try:
            return registry.load(name)
        except EdgekeeperError:
            continue
    return None


def _market(kept: dict[str, Any], folder: Path) -> Market:
    """What the run's own summary says of its bars; it is no part of the record."""
    try:
        about = tuple(how for what, how in kept["assumptions"] if what == ABOUT_BARS)
        return Market(title=kept["title"], caveats=tuple(kept["caveats"]), assumptions=about)
    except (ValueError, KeyError, TypeError):
        warning = "told from the record alone: summary.json, with what was known of the bars, "
        return Market(title=folder.absolute().name, caveats=(warning + "is not there",))


def _kept(folder: Path) -> dict[str, Any]:
    try:
        kept = json.loads((folder / "summary.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
