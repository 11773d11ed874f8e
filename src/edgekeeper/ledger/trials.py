"""Trials: what was looked at, each distinct one counted once, and how many they amount to.

A trial is a distinct (data, labels, configuration) in a named study. Looking again at the same
costs nothing; nothing is ever taken off the record.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.ledger.transaction import Transaction
from edgekeeper.stats.trials import effective_trials
from edgekeeper.types import Float64Array

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TrialCount", "TrialFacts", "append_trials", "content_hash", "count_trials"]

_IDENTITY = ("study", "data_hash", "labels_hash", "configuration_hash")
_DIGITS = 6


def content_hash(value: Mapping[str, Any]) -> str:
    """SHA-256 of a mapping's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class TrialFacts:
    """One configuration, what came of it, and its path in a few blocks of time."""

    configuration: Mapping[str, Any]
    value: float
    profile: Float64Array
    chosen: bool = False


def append_trials(
    tx: Transaction,
    trials: Sequence[TrialFacts],
    *,
    study: str,
    line: str,
    time_ns: int,
    data_hash: str,
    labels_hash: str,
    metric: str,
) -> None:
    """Append what one search looked at."""
    tx.append(
        "trials",
        {
            "event_time_ns": time_ns,
            "study": study,
            "line": line,
            "data_hash": data_hash,
            "labels_hash": labels_hash,
            "configuration_hash": [content_hash(trial.configuration) for trial in trials],
            "configuration_json": [dict(trial.configuration) for trial in trials],
            "metric": metric,
            "value": [trial.value for trial in trials],
            "metrics_json": [
                {"chosen": trial.chosen, "profile": _rounded(trial.profile)} for trial in trials
            ],
        },
    )


def _rounded(profile: Float64Array) -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in profile]


@dataclass(frozen=True, slots=True)
class TrialCount:
    """How many distinct trials there were, and how many independent ones they amount to."""

    trials: int
    effective: float


def count_trials(trials: "pl.DataFrame") -> TrialCount:
    """Count the trials of one study, or of several taken together, from the ledger's table.

    Trials on the same data are as many as their mean correlation leaves, ``ρ + (1 - ρ) n``;
    those on different data are taken for independent, which can only raise the number. A trial
    without a path, or one that never moved, counts as one.
    """
    distinct = trials.unique(list(_IDENTITY), keep="first", maintain_order=True)
    effective = 0.0
    for _, group in distinct.group_by(["data_hash", "labels_hash"], maintain_order=True):
        paths: dict[int, list[Float64Array]] = {}
        alone = 0
        for text in group["metrics_json"].to_list():
            path = np.array((json.loads(text) if text else {}).get("profile", []), dtype=float)
            if len(path) < 3 or not np.isfinite(path).all() or not path.std() > 0.0:
                alone += 1
            else:
                paths.setdefault(len(path), []).append(path)
        effective += alone + sum(_effective(np.array(same)) for same in paths.values())
    return TrialCount(distinct.height, effective)


def _effective(paths: Float64Array) -> float:
    if len(paths) == 1:
        return 1.0
    correlation = np.clip(np.corrcoef(paths), -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    found = effective_trials((correlation + correlation.T) / 2.0, method="average")
    return found if math.isfinite(found) else float(len(paths))
