"""How good probabilities were: accuracy beside the majority class, AUC, Brier, and the rest."""

import math
from dataclasses import dataclass

import numpy as np

from edgekeeper.types import BoolArray, Float64Array

__all__ = ["Scores", "auc", "log_loss", "score_probabilities"]


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of ``count`` forecasts. ``majority`` is what always guessing one class would get."""

    count: int
    accuracy: float
    majority: float
    precision: float
    recall: float
    f1: float
    auc: float
    brier: float
    log_loss: float
    base_rate: float


def auc(outcome: BoolArray, probability: Float64Array) -> float:
    """Area under the ROC curve: chance that a success is ranked above a failure; ties count half.

    Examples
    --------
    >>> import numpy as np
    >>> auc(np.array([False, True]), np.array([0.2, 0.9]))
    1.0
    """
    positives = int(outcome.sum())
    negatives = len(outcome) - positives
    if positives == 0 or negatives == 0:
        return math.nan
    _, inverse, counts = np.unique(probability, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2.0
    ranks = middle[inverse]
    wins = float(ranks[outcome].sum()) - positives * (positives + 1) / 2.0
    return wins / (positives * negatives)


def log_loss(outcome: BoolArray, probability: Float64Array) -> Float64Array:
    """Negative log likelihood of each outcome, ``[n]``, probabilities kept off 0 and 1."""
    p = np.clip(probability, 1e-9, 1.0 - 1e-9)
    return -np.where(outcome, np.log(p), np.log1p(-p))


def score_probabilities(
    outcome: BoolArray, probability: Float64Array, threshold: float = 0.5
) -> Scores:
    """Score forecasts of a yes/no outcome; rows with a missing probability are left out."""
    known = np.isfinite(probability)
    outcome, probability = outcome[known], probability[known]
    n = len(outcome)
    if n == 0:
        return Scores(0, *[math.nan] * 9)
    said_yes = probability > threshold
    hits = int((said_yes & outcome).sum())
    precision = hits / int(said_yes.sum()) if said_yes.any() else math.nan
    recall = hits / int(outcome.sum()) if outcome.any() else math.nan
    both = precision + recall
    base = float(outcome.mean())
    return Scores(
        count=n,
        accuracy=float((said_yes == outcome).mean()),
        majority=max(base, 1.0 - base),
        precision=precision,
        recall=recall,
        f1=2.0 * precision * recall / both if both > 0 else math.nan,
        auc=auc(outcome, probability),
        brier=float(np.mean((probability - outcome) ** 2)),
        log_loss=float(log_loss(outcome, probability).mean()),
        base_rate=base,
    )
