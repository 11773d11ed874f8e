"""No step of a fit reads a row it may not; and each of these tests would see it if one did."""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.config import AugmentationConfig, SelectionConfig
from edgekeeper.models import LEARNERS, Augmented, Scaled, select_features
from edgekeeper.models.augmentation.appended import appended
from edgekeeper.models.ensembles import recent, regime, stack
from edgekeeper.models.ensembles.members import Members
from edgekeeper.models.ensembles.unseen import out_of_fold
from edgekeeper.splits import PurgedKFold
from edgekeeper.testing.learners import market_like

NAMES = ("rsi_14", "obv_20", "realised_20", "news_sentiment", "regime_label", "roc_10")
DEEP = "lightgbm.depth = 8, lightgbm.rows_per_leaf = 3, lightgbm.child_weight = 0.0, "
DEEP += "lightgbm.learning_rate = 0.3, lightgbm.ridge = 0.0"
PLAIN = "logistic, random_forest"  # neither looks at the validation rows
FEW = "random_forest.trees = 5"


def world(rows, seed, edge=0.6, first=0):
    """Rows with names, a regime of three kinds, and outcomes known five instants later."""
    made = market_like(rows, len(NAMES), edge=edge, seed=seed)
    made.features[:, 4] = np.random.default_rng(seed).integers(0, 3, rows)
    start = first + np.arange(rows)
    return replace(made, names=NAMES, start_time=start, end_time=start + 5)


ROWS, LATER = world(900, 1), world(300, 2, first=1_000)


def garbled(rows):
    """Other features, outcomes turned round."""
    return replace(rows, features=7.0 - 2.0 * rows.features[::-1], target=1.0 - rows.target)


def selection(seen, later):
    rule = SelectionConfig(by="importance", keep=3, correlation=0.9)
    return select_features(seen, rule, seed=1).stability


def scaling(seen, later):
    fitted = Scaled(LEARNERS["logistic"](), "standard").fit(seen, validation=later, seed=1)
    return fitted.to_onnx(len(NAMES))


def augmentation(by):
    def fit(seen, later):
        learner = Augmented(LEARNERS["logistic"](), AugmentationConfig(by=by, samples=100))
        return learner.fit(seen, validation=later, seed=1).to_onnx(len(NAMES))

    return fit


def ensemble(name, **parameters):
    def fit(seen, later):
        learner = LEARNERS[name](**parameters)
        return learner.fit(seen, validation=later, seed=1).to_onnx(len(NAMES))

    return fit


STEPS = {
    "selection": selection,
    "scaling": scaling,
    "smote": augmentation("smote"),
    "bootstrap": augmentation("bootstrap"),
    "stack": ensemble("stack", members=PLAIN, settings=FEW),
    "recent": ensemble("recent", members=PLAIN, settings=FEW),
    "regime": ensemble("regime", members=PLAIN, settings=FEW),
    "components": ensemble("components", trees=5),
}


@pytest.mark.parametrize("step", STEPS)
def test_later_rows_change_no_bit(step):
    fit = STEPS[step]
    assert fit(ROWS, LATER) == fit(ROWS, garbled(LATER))


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_read_later_rows_would_be_caught(step):
    def leaky(rows, later):
        return STEPS[step](appended(rows, [later]), later)

    assert leaky(ROWS, LATER) != leaky(ROWS, garbled(LATER))


def test_all_steps_ran():
    assert len(STEPS) == 8


class Unpurged:
    """Folds as scikit-learn's KFold cuts them."""

    def split(self, start, end):
        for test in np.array_split(np.arange(len(start)), 5):
            yield np.setdiff1d(np.arange(len(start)), test), test

    def get_n_splits(self):
        return 5


@pytest.mark.parametrize(("folds", "same"), [(PurgedKFold(), True), (Unpurged(), False)])
def test_a_row_is_forecast_without_those_that_overlap_it(folds, same):
    """Turn the outcomes of the third fold and of all that overlap it: its forecasts stay."""
    members = Members.parse("logistic", "", "test")
    rows = replace(ROWS, weight=np.ones(len(ROWS)), folds=folds)
    touched = np.arange(360 - 5, 540 + 5)
    target = rows.target.copy()
    target[touched] = 1.0 - target[touched]
    scores = [
        out_of_fold(members, replace(rows, target=t), seed=1)[1][360:540]
        for t in (rows.target, target)
    ]
    assert np.array_equal(*scores) is same


def remembered(members, rows, *others):
    """What a careless ensemble would learn from: forecasts of rows the members were fitted on."""
    fitted = members.fit(rows, validation=None, seed=1)
    return np.arange(len(rows)), fitted.scores(rows.features)


def loss_beyond_base(learner, rows, later):
    score = learner.fit(rows, validation=None, seed=1).score(later.features)
    return float(np.mean(np.logaddexp(0.0, score) - later.target * score)) - np.log(2.0)


def test_a_stack_on_remembered_forecasts_would_be_caught(monkeypatch):
    """On labels that mean nothing, an overfitted member deceives only who asks about its own."""
    rows, later = world(1_500, 1, edge=0.0), world(1_500, 2, edge=0.0)
    learner = LEARNERS["stack"](members="lightgbm", settings=DEEP)
    assert loss_beyond_base(learner, rows, later) < 0.01
    monkeypatch.setattr(stack, "out_of_fold", remembered)
    assert loss_beyond_base(learner, rows, later) > 0.1


@pytest.mark.parametrize(
    ("name", "module", "step"),
    [("recent", recent, "newest_unseen"), ("regime", regime, "out_of_fold")],
)
def test_weights_of_remembered_forecasts_would_be_caught(monkeypatch, name, module, step):
    """The member that remembers best gets the least weight, unless it is asked what it learned."""
    learner = LEARNERS[name](members="lightgbm, logistic", settings=DEEP)

    def weight_of_the_deep_one():
        found = learner.fit(ROWS, validation=None, seed=1).found
        return np.array(found["weights"] if name == "recent" else found["regimes"])[..., 0].max()

    assert weight_of_the_deep_one() < 0.1
    monkeypatch.setattr(module, step, remembered)
    assert weight_of_the_deep_one() > 0.9


@pytest.mark.parametrize("by", ["importance", "kbest", "permutation", "shap", "rfe"])
def test_features_chosen_on_permuted_labels_have_no_skill(by):
    """A choice among many columns of noise gains nothing on later rows; one that saw them would."""
    random = np.random.default_rng(3)
    rows, later = (replace(market_like(800, 60, edge=1.0, seed=s), folds=None) for s in (5, 6))
    rows = replace(rows, target=random.permutation(rows.target))
    later = replace(later, target=random.permutation(later.target))
    rule = SelectionConfig(by=by, keep=5)
    learner = LEARNERS["logistic"](ridge=1.0)

    def loss(seen):
        chosen = select_features(seen, rule, seed=1)
        return loss_beyond_base(learner, chosen.rows(rows), chosen.rows(later))

    assert loss(rows) > -0.003
    assert loss(later) < loss(rows), "columns chosen by the judging rows look better than they are"
