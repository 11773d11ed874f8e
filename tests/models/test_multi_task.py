"""The multi-task net: what the tasks beside the direction teach it."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.models.learners import MultiTask
from edgekeeper.types import TrainingRows


def trades(rows, seed, *, columns=30, plain=0.0):
    """A move of some size that a product foretells; who won is a coarse view of it.

    ``plain`` adds what one feature alone foretells.
    """
    random = np.random.default_rng(seed)
    features = random.normal(size=(rows, columns)).astype(np.float32)
    move = features[:, 0] * features[:, 1] + random.normal(size=rows)
    move = move + plain * features[:, 2]
    known = TrainingRows.of(features, (move > 0.0).astype(float), np.ones(rows))
    return replace(known, magnitude=np.abs(move), timing=1.0 / (1.0 + np.abs(move)))


def gain(learner, rows, seed):
    fitted = learner.fit(rows, validation=trades(1_000, 100 + seed), seed=seed)
    later = trades(4_000, 200 + seed)
    score = fitted.score(later.features)
    return np.log(2.0) - np.mean(np.logaddexp(0.0, score) - later.target * score)


def test_measured_tasks_teach_the_direction():
    pytest.importorskip("torch")
    gains = np.array(
        [
            [gain(MultiTask(auxiliary=share), trades(2_000, seed), seed) for share in (0.0, 1.0)]
            for seed in range(3)
        ]
    )
    assert gains[:, 1].mean() > 0.03
    assert gains[:, 1].mean() > gains[:, 0].mean() + 0.01


def test_unknown_magnitudes_and_timings_are_skipped():
    pytest.importorskip("torch")
    rows = trades(600, 0, plain=1.0)
    unknown = np.full(600, np.nan)
    learner = MultiTask(batches=60)

    def scores(each, learner=learner):
        return learner.fit(each, validation=trades(200, 1, plain=1.0), seed=3).score(rows.features)

    some = replace(rows, magnitude=np.where(np.arange(600) % 3, np.nan, rows.magnitude))
    neither = replace(rows, magnitude=unknown, timing=unknown)
    assert np.isfinite(scores(some)).all()
    assert np.ptp(scores(rows)) > 0.1
    assert not np.array_equal(scores(some), scores(rows))
    assert not np.array_equal(scores(neither), scores(rows))
    assert np.array_equal(
        scores(neither, MultiTask(batches=60, auxiliary=0.0)),
        scores(rows, MultiTask(batches=60, auxiliary=0.0)),
    )


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UsageError, match=r'multi_task: .*pip install "edgekeeper\[deep\]"'):
        MultiTask().fit(trades(200, 0), validation=None, seed=0)


@pytest.mark.parametrize(
    "wrong",
    [{"width": 0}, {"auxiliary": -1.0}, {"dropout": 1.0}, {"limit": 0.0}, {"decay": float("nan")},
     {"learning_rate": 2.0}, {"missing_flags": "no"}],
)  # fmt: skip
def test_parameters_without_sense_are_refused(wrong):
    with pytest.raises(UsageError, match="multi_task: expected"):
        MultiTask(**wrong)
