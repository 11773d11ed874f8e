"""From rows and a rule to the features a learner gets to see."""

from collections.abc import Mapping

import numpy as np

from edgekeeper.config import SelectionConfig
from edgekeeper.errors import BadData, UsageError
from edgekeeper.models.learners.rows import training_rows
from edgekeeper.models.selection.elimination import eliminate, eliminate_by_folds
from edgekeeper.models.selection.filters import uncorrelated, varying
from edgekeeper.models.selection.rankings import RANKINGS
from edgekeeper.models.selection.selected import Selection
from edgekeeper.types import Int64Array, TrainingRows

__all__ = ["select_features"]


def select_features(rows: TrainingRows, rule: SelectionConfig, *, seed: int) -> Selection:
    """Choose columns by what these rows say, and nothing else.

    Variance first, then correlation, then the ranking. The whole is repeated on the training rows
    of each purged fold of ``rows.folds``: the share of folds that keep a feature is its stability.

    Raises
    ------
    UsageError
        ``rule.always`` names a feature that is not there.
    BadData
        No feature is left; or see :func:`models.learners.rows.training_rows`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((400, 3)).astype(np.float32)
    >>> rows = TrainingRows.of(x, (x[:, 1] > 0).astype(float), np.ones(400))
    >>> select_features(rows, SelectionConfig(by="kbest", keep=1), seed=0).kept.tolist()
    [1]
    """
    rows = training_rows(rows)
    width = rows.features.shape[1]
    missing = sorted(set(rule.always) - set(rows.names))
    if missing:
        raise UsageError(f"selection.always: expected features of the line, got {missing}")
    always = np.array([rows.names.index(name) for name in rule.always], dtype=np.int64)
    kept = np.union1d(_chosen(rows, rule, seed), always)
    if len(kept) == 0:
        raise BadData(
            f"selection: expected features left of {width}, got none: ask for less variance"
        )
    if rule.by == "rfecv":  # how many is settled: which ones is asked of each fold
        rule = rule.model_copy(update={"by": "rfe", "keep": len(kept)})
    return Selection(width, kept, _stability(rows, rule, seed))


def _chosen(rows: TrainingRows, rule: SelectionConfig, seed: int) -> Int64Array:
    columns = np.arange(rows.features.shape[1])
    if rule.variance is not None:
        columns = varying(rows.features, rule.variance)
    if rule.correlation is not None:
        columns = uncorrelated(rows.features, columns, rule.correlation)
    if rule.by is None or len(columns) == 0:
        return columns
    part = Selection(rows.features.shape[1], columns).rows(rows)
    keep = min(rule.keep, len(columns))
    if rule.by == "rfe":
        return columns[eliminate(part, keep, seed)]
    if rule.by == "rfecv":
        return columns[eliminate_by_folds(part, keep, seed)]
    worth = RANKINGS[rule.by](part, seed)
    return columns[np.sort(np.argsort(-worth, kind="stable")[:keep])]


def _stability(rows: TrainingRows, rule: SelectionConfig, seed: int) -> Mapping[str, float]:
    names = rows.names or tuple(str(i) for i in range(rows.features.shape[1]))
    if rows.folds is None:
        return {}
    counts = np.zeros(len(names))
    try:
        for train, _ in rows.folds.split(rows.start_time, rows.end_time):
            counts[_chosen(rows.take(train), rule, seed)] += 1.0
    except UsageError:  # too few instants for folds: nothing to report
        return {}
    shares = counts / rows.folds.get_n_splits()
    return {names[i]: float(shares[i]) for i in np.flatnonzero(counts)}
