"""Package = trained model, on real rows with gaps, for every learner that can be configured.

``RECIPES`` grows by itself with the shelf; whatever else can be configured is added there.
"""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.config import Config, LineConfig
from edgekeeper.market import load_bars
from edgekeeper.models import (
    LEARNERS,
    Model,
    Reference,
    build_package,
    fit_heads,
    load_package,
)
from edgekeeper.train import TrainingData, feature_set_of

from .conftest import DEEP, needs_torch, provenance

ROWS, FITTED, STOPPING = 10_000, 2_500, 500
EXACT = {"gradient_boosting", "lightgbm", "xgboost"}
RECIPES = {name: learner() for name, learner in LEARNERS.items()} | {
    # The columns of one bar stand in for those of several here.
    "lstm": LEARNERS["lstm"](look_back=5, hidden=16, batches=60, missing_flags=True),
    "lstm, deep": LEARNERS["lstm"](look_back=10, hidden=24, layers=2, batches=40),
    "multi_task, flags": LEARNERS["multi_task"](width=61, missing_flags=True, batches=100),
    "lightgbm, deep": LEARNERS["lightgbm"](depth=10, rounds=60, rows_per_leaf=5, learning_rate=0.3),
    "xgboost, deep": LEARNERS["xgboost"](depth=10, rounds=60, child_weight=1.0, learning_rate=0.3),
    "gradient_boosting, deep": LEARNERS["gradient_boosting"](
        depth=10, rounds=40, rows_per_leaf=5, learning_rate=0.3
    ),
    "random_forest, deep": LEARNERS["random_forest"](trees=30, depth=12, rows_per_leaf=2),
    "svm, narrow": LEARNERS["svm"](ridge=1.0, width=0.3, landmarks=101),
    "mlp, wide": LEARNERS["mlp"](width=61, decay=0.001, learning_rate=0.03),
    "vote": LEARNERS["vote"](settings="random_forest.trees = 20"),
    "vote, five": LEARNERS["vote"](
        members="xgboost, svm, logistic, mlp, lightgbm", weights="1, 1, 1, 1, 0"
    ),
    "average, thrice": LEARNERS["average"](fits=3, settings="lightgbm.rounds = 30"),
    "stack of all": LEARNERS["stack"](
        members="random_forest, svm, logistic, mlp, gradient_boosting",
        settings="random_forest.trees = 5, gradient_boosting.rounds = 10, mlp.steps = 50",
        depth=4,
    ),
    # Members that read one bar stand beside one that reads several.
    "stack of nets": LEARNERS["stack"](
        members="lstm, multi_task, logistic",
        settings="lstm.look_back = 5, lstm.hidden = 16, lstm.batches = 20, multi_task.batches = 40",
    ),
    "average of nets": LEARNERS["average"](
        members="lightgbm, lstm, multi_task",
        settings="lstm.look_back = 10, lstm.hidden = 16, lstm.batches = 40",
    ),
    "regime, switched": LEARNERS["regime"](
        members="lightgbm, logistic, svm", column="weekday", default="svm", switch=True
    ),
    "regime, by terciles": LEARNERS["regime"](column="realised_20"),
    "components, static": LEARNERS["components"](how="static"),
    "components, by regime": LEARNERS["components"](how="regime", column="trending"),
}


@pytest.fixture(scope="module")
def real():
    """Real bars of the bundled sources: features of the default catalogues, and outcomes."""
    bars = load_bars("bundled").bars
    config = Config()
    features, _ = feature_set_of(LineConfig(name="any"), bars)
    data = TrainingData.prepare(bars, features, config)
    rows = np.flatnonzero(
        np.isfinite(data.labels.net_return).all(axis=1) & np.isfinite(data.volatility)
    )
    assert len(rows) >= ROWS
    assert len(features.expressions) >= 40
    return data, rows


def part(real, start, stop):
    """Real features, and winners that two of them foretell: noise alone would leave constants."""
    data, rows = real
    known = data.training_rows(rows[start:stop], np.ones(len(data.bars)))
    two = np.nan_to_num(known.features[:, [3, 40]])
    side = np.where(two[:, 0] > np.median(two[:, 0]), 1.0, -1.0) * np.sign(
        two[:, 1] - np.median(two[:, 1])
    )
    luck = np.random.default_rng(start).standard_normal(len(known))
    return replace(known, target=(side + luck + two[:, 0] / two[:, 0].std() > 0.0).astype(float))


def _is_deep(learner):
    named = learner.parameters().get("members", learner.name)
    return any(name in named for name in DEEP)


CASES = [
    pytest.param(name, marks=[needs_torch] if _is_deep(learner) else [])
    for name, learner in RECIPES.items()
]


@pytest.mark.parametrize("recipe", CASES)
def test_packaged_equals_trained(real, recipe):
    data, rows = real
    learner = RECIPES[recipe]
    known = part(real, 0, FITTED)
    fitted = learner.fit(known, validation=part(real, FITTED, FITTED + STOPPING), seed=5)
    later = rows[-2_000:]
    outcomes = data.outcomes(later)
    heads = fit_heads(
        fitted.score(data.matrix[later]),
        data.volatility[later],
        outcomes,
        np.ones(len(later)),
        horizon=Config().labels.horizon_bars,
    )
    model = Model(
        features=data.features.expressions,
        volatility=Config().labels.volatility,
        fitted=fitted,
        heads=heads,
        reference=Reference.fit(known.features),
        learner=learner.name,
        parameters=learner.parameters(),
        seed=5,
    )
    last = rows[-ROWS:]
    sealed = build_package(
        model, provenance(), features=data.matrix[last], volatility=data.volatility[last]
    )
    parity = load_package(sealed.files).manifest.parity
    assert parity.rows == ROWS
    assert parity.rows_with_nan >= ROWS // 3
    assert parity.largest_difference <= (0.0 if learner.name in EXACT else 1e-9)
    assert np.ptp(fitted.score(data.matrix[last])) > 0.0, "a constant proves nothing"
    found = getattr(fitted, "found", {})
    assert found.get("stacked", True), "the mean of the members proves nothing"
    assert found.get("learned", True) is not False or learner.parameters().get("how") != "learned"


def test_every_learner_is_among_the_recipes():
    assert {learner.name for learner in RECIPES.values()} == set(LEARNERS)
    assert len(RECIPES) >= 30
