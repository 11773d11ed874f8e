import sys
from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.config import AugmentationConfig
from edgekeeper.errors import UsageError
from edgekeeper.models import LEARNERS, Augmented
from edgekeeper.models.augmentation import AUGMENTATIONS
from edgekeeper.models.augmentation.bootstrap import bootstrap, drawn_instants
from edgekeeper.models.augmentation.smote import smote
from edgekeeper.models.learners.rows import training_rows
from edgekeeper.splits import PurgedKFold
from edgekeeper.testing.learners import market_like

SMOTE, BOOTSTRAP = AugmentationConfig(by="smote"), AugmentationConfig(samples=300)


def panel(rows=600, symbols=3, seed=1, rate=None):
    """Several rows an instant, outcomes that overlap; a share of winners where asked for."""
    made = market_like(rows, 6, edge=1.0, seed=seed)
    instant = np.repeat(np.arange(rows // symbols), symbols)
    target = made.target
    if rate is not None:
        target = (np.random.default_rng(seed).random(rows) < rate).astype(float)
    return training_rows(replace(made, target=target, start_time=instant, end_time=instant + 5))


def test_smote_balances_what_was_not():
    rows = panel(rate=0.2)
    more = smote(rows, SMOTE, seed=1)
    assert rows.target.mean() < 0.25
    assert more.target.mean() == pytest.approx(0.5, abs=0.01)
    assert np.isfinite(more.weight).all()
    low, high = np.nanmin(rows.features, axis=0), np.nanmax(rows.features, axis=0)
    assert (np.nanmin(more.features, axis=0) >= low - 1e-5).all()
    assert (np.nanmax(more.features, axis=0) <= high + 1e-5).all()


def test_mixed_rows_are_purged_with_their_parents():
    """No fold trains on a mixture of rows that it tests: intervals cover the whole stretch."""
    rows = panel(rate=0.2)
    more = smote(rows, SMOTE, seed=1)
    made = ~np.isin(more.features.view("V24").ravel(), rows.features.view("V24").ravel())
    assert made.sum() == len(more) - len(rows) > 100
    for train, test in PurgedKFold().split(more.start_time, more.end_time):
        tested = more.take(test)
        known = more.take(train[made[train]])
        first, last = tested.start_time.min(), tested.end_time.max()
        assert ((known.end_time < first) | (known.start_time > last)).all()


def test_without_imbalanced_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "imblearn.over_sampling", None)
    with pytest.raises(UsageError, match=r"edgekeeper\[augment\]"):
        smote(panel(rate=0.2), SMOTE, seed=1)


def test_blocks_have_the_length_asked_for():
    drawn = drawn_instants(1_000, 50_000, 10.0, np.random.default_rng(0))
    broken = np.diff(drawn) % 1_000 != 1
    assert 1.0 / broken.mean() == pytest.approx(10.0, rel=0.05)
    assert np.bincount(drawn, minlength=1_000).min() > 10


def test_copies_keep_their_times_and_instants_stay_whole():
    rows = panel()
    more = bootstrap(rows, BOOTSTRAP, seed=2)
    assert len(more) == len(rows) + 300
    assert (np.diff(more.start_time) >= 0).all()
    assert (more.end_time - more.start_time == 5).all()
    _, counts = np.unique(more.start_time, return_counts=True)
    assert (counts % 3 == 0).all()


@pytest.mark.parametrize("by", AUGMENTATIONS)
def test_the_same_seed_makes_the_same_rows(by):
    rows, rule = panel(rate=0.3), AugmentationConfig(by=by, samples=200)
    one, two, other = (AUGMENTATIONS[by](rows, rule, seed=s) for s in (4, 4, 5))
    assert np.array_equal(one.features, two.features, equal_nan=True)
    assert not np.array_equal(one.features, other.features, equal_nan=True)


@pytest.mark.parametrize("by", AUGMENTATIONS)
@pytest.mark.parametrize("case", ["one class", "ten rows", "one row", "nothing but NaN"])
def test_poor_rows_are_survived(by, case):
    rows = market_like(200, 4)
    rows = {
        "one class": replace(rows, target=np.ones(200)),
        "ten rows": rows.take(np.arange(10)),
        "one row": rows.take(np.arange(1)),
        "nothing but NaN": replace(rows, features=np.full_like(rows.features, np.nan)),
    }[case]
    learner = Augmented(LEARNERS["logistic"](), AugmentationConfig(by=by, samples=50))
    score = learner.fit(rows, validation=None, seed=0).score(rows.features)
    assert np.isfinite(score).all()


def test_all_augmentations_ran():
    assert set(AUGMENTATIONS) == {"bootstrap", "smote"}
