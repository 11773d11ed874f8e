"""Scores of probabilities with intervals, from one resampling of blocks of time."""

import math
from collections.abc import Mapping

import numpy as np

from edgekeeper.stats.resampling import Interval, TimeBlocks, interval_of
from edgekeeper.stats.scores import log_loss, score_probabilities
from edgekeeper.types import BoolArray, Float64Array, Int64Array

__all__ = ["SCORES", "resample_scores", "score_intervals"]

SCORES = (
    "accuracy", "majority", "precision", "recall", "f1", "auc", "brier", "log_loss", "base_rate",
)  # fmt: skip


def resample_scores(
    outcome: BoolArray,
    probability: Float64Array,
    position: Int64Array,
    blocks: TimeBlocks,
    threshold: float = 0.5,
) -> Mapping[str, Float64Array]:
    """Scores of each resample, ``[repetitions]`` by name; NaN where one is undefined.

    Parameters
    ----------
    outcome, probability : bool [n], float64 [n]
        Without missing probabilities.
    position : int64 [n]
        Period of each forecast, as ``blocks`` counts them.
    """
    said = probability > threshold
    columns = (np.ones(len(outcome)), said == outcome, said & outcome, said, outcome,
               (probability - outcome) ** 2, log_loss(outcome, probability))  # fmt: skip
    sums = blocks.sums(position, np.stack([np.asarray(c, np.float64) for c in columns], axis=1))
    n, hits, both, claimed, true, brier, loss = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        base = true / n
        precision, recall = both / claimed, both / true
        return {
            "accuracy": hits / n,
            "majority": np.maximum(base, 1.0 - base),
            "precision": precision,
            "recall": recall,
            "f1": 2.0 * both / (claimed + true),
            "auc": _resampled_auc(outcome, probability, position, blocks),
            "brier": brier / n,
            "log_loss": loss / n,
            "base_rate": base,
        }


def _resampled_auc(
    outcome: BoolArray, probability: Float64Array, position: Int64Array, blocks: TimeBlocks
) -> Float64Array:
    """Area under the curve of each resample, from wins of each block's successes over each's."""
    if not blocks.enough(position):
        return np.full(blocks.repetitions, math.nan)
    block = blocks.of(position)
    successes, own = probability[outcome], block[outcome]
    wins = np.zeros((blocks.count, blocks.count))
    for other in range(blocks.count):
        failures = np.sort(probability[~outcome & (block == other)])
        below = np.searchsorted(failures, successes, side="left")
        up_to = np.searchsorted(failures, successes, side="right")
        wins[:, other] = np.bincount(
            own, weights=(below + up_to) / 2.0, minlength=blocks.count
        )  # fmt: skip
    positives = np.bincount(own, minlength=blocks.count).astype(np.float64)
    negatives = np.bincount(block[~outcome], minlength=blocks.count).astype(np.float64)
    draws = blocks.draws
    pairs = (draws @ positives) * (draws @ negatives)
    won = np.einsum("ri,ij,rj->r", draws, wins, draws, optimize=True)
    result: Float64Array = won / np.where(pairs > 0.0, pairs, math.nan)
    return result


def score_intervals(
    outcome: BoolArray, probability: Float64Array, position: Int64Array, blocks: TimeBlocks
) -> dict[str, Interval]:
    """Return each score with its 95 % interval; forecasts without a probability are left out.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> p = rng.random(2_000)
    >>> scores = score_intervals(rng.random(2_000) < p, p, np.arange(2_000),
    ...     TimeBlocks(2_000, block=10))
    >>> scores["auc"].low < 0.83 < scores["auc"].high
    True
    """
    known = np.isfinite(probability)
    outcome, probability, position = outcome[known], probability[known], position[known]
    plain = score_probabilities(outcome, probability)
    if plain.count == 0:
        return {name: Interval(math.nan) for name in SCORES}
    resampled = resample_scores(outcome, probability, position, blocks)
    return {name: interval_of(getattr(plain, name), resampled[name]) for name in SCORES}
