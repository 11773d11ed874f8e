"""XGBoost, random forest and histogram boosting: their graphs to the bit, and when they stop."""

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.models.inference import Graph
from edgekeeper.models.learners import LEARNERS, GradientBoosting, RandomForest, XGBoost
from edgekeeper.models.learners.contract import look_back_of
from edgekeeper.models.learners.rows import LARGEST
from edgekeeper.testing.learners import market_like
from edgekeeper.types import TrainingRows

BOOSTED = [XGBoost, GradientBoosting, LEARNERS["lightgbm"]]
TREES = [*BOOSTED, RandomForest]


def fit(learner, *, rows=None, validation=None, seed=3):
    rows = rows or market_like(2_000, edge=0.5)
    return learner.fit(rows, validation=validation, seed=seed)


@pytest.mark.parametrize("learner", BOOSTED)
def test_boosted_graphs_equal_the_library_to_the_bit(learner):
    fitted = fit(learner(), validation=market_like(500, edge=0.5, seed=4))
    rows = market_like(4_000, seed=8).features
    rows[::7, 1] = np.nan
    rows[::11, 0], rows[::13, 2] = np.inf, -np.inf
    assert np.array_equal(Graph(fitted.to_onnx(8), 8).score(rows), fitted.score(rows))


@pytest.mark.parametrize("learner", TREES)
def test_values_on_a_threshold_and_the_floats_beside_it_take_the_same_branch(learner):
    random = np.random.default_rng(0)
    features = random.integers(0, 5, (1_000, 2)).astype(np.float32) / np.float32(10)
    target = (features[:, 0] > 0.25).astype(float)
    rows = TrainingRows.of(features, target, np.ones(1_000))
    fitted = fit(learner(), rows=rows)
    flat = np.unique(features)
    close = np.concatenate([np.nextafter(flat, -np.inf), flat, np.nextafter(flat, np.inf)])
    midway = ((flat[1:].astype(np.float64) + flat[:-1]) / 2).astype(np.float32)
    grid = np.array([(a, b) for a in (*close, *midway) for b in flat], np.float32)
    gap = np.abs(Graph(fitted.to_onnx(2), 2).score(grid) - fitted.score(grid))
    assert gap.max() < 1e-12
    assert ((fitted.score(features) > 0) == (target == 1)).all()


@pytest.mark.parametrize("learner", TREES)
def test_a_column_that_is_there_or_is_not_at_any_size(learner):
    """Splits between any number and none put their thresholds beyond all numbers."""
    random = np.random.default_rng(1)
    column = np.where(random.random(1_000) < 0.5, np.nan, -LARGEST).astype(np.float32)
    other = random.choice(np.array([3e38, -3e38, np.inf, -np.inf], np.float32), 1_000)
    features = np.stack([column, other], axis=1)
    target = np.isnan(column).astype(float)
    rows = TrainingRows.of(features, target, np.ones(1_000))
    fitted = fit(learner(), rows=rows)
    assert ((fitted.score(features) > 0) == (target == 1)).all()
    anything = np.array([-np.inf, -3e38, -1e37, -9e36, 0, 9e36, 1e37, 3e38, np.inf, np.nan])
    grid = np.array([(a, b) for a in anything for b in anything], dtype=np.float32)
    gap = np.abs(Graph(fitted.to_onnx(2), 2).score(grid) - fitted.score(grid))
    assert gap.max() < 1e-12


def test_xgboost_scores_are_xgboosts_own_but_for_its_single_precision():
    import xgboost

    rows = market_like(3_000, edge=0.5)
    fitted = fit(XGBoost(learning_rate=0.3, depth=6), rows=rows)
    base = np.full(len(rows), fitted._base)
    theirs = fitted._booster.predict(
        xgboost.DMatrix(rows.features, base_margin=base.astype(np.float32)), output_margin=True
    )
    # 150 roundings of sums near 4, each by half of 2 ** -21 at most
    assert np.abs(theirs - fitted.score(rows.features)).max() < 150 * 2.0**-22


@pytest.mark.parametrize("learner", BOOSTED)
def test_early_stopping_leaves_few_trees_on_noise_but_never_fewer_than_five(learner):
    assert 5 <= fit(learner(), validation=market_like(2_000, seed=5)).trees < 60
    assert fit(learner(), validation=market_like(2_000, edge=-2.0, seed=5)).trees == 5
    assert fit(learner()).trees == 150
    assert fit(learner(rounds=3), validation=market_like(500, edge=0.5, seed=5)).trees <= 3


def test_histogram_boosting_stops_at_its_best_round():
    rows, later = market_like(2_000, edge=0.5), market_like(2_000, edge=0.5, seed=5)
    stopped = fit(GradientBoosting(learning_rate=0.3), rows=rows, validation=later)
    assert 5 < stopped.trees < 150
    again = fit(GradientBoosting(learning_rate=0.3, rounds=stopped.trees), rows=rows)
    assert np.array_equal(stopped.score(later.features), again.score(later.features))


@pytest.mark.parametrize("learner", TREES)
def test_seeds_matter_and_large_ones_are_taken(learner):
    few = {"trees" if learner is RandomForest else "rounds": 10}
    graphs = [fit(learner(**few), seed=seed).to_onnx(8) for seed in (1, 2, 2**40)]
    assert len(set(graphs)) == 3


@pytest.mark.parametrize("learner", BOOSTED[:2])
def test_asked_search_space(learner):
    bounds = {name: (span.low, span.high, span.log) for name, span in learner.space().items()}
    asked = {
        "depth": (3, 10, False),
        "learning_rate": (0.01, 0.3, True),
        "rounds": (50, 500, False),
        "feature_share": (0.6, 1.0, False),
    }
    assert asked.items() <= bounds.items()
    if learner is XGBoost:
        drawn = {"row_share": (0.6, 1.0, False), "child_weight": (1.0, 10.0, False)}
        assert bounds == asked | drawn


@pytest.mark.parametrize("name", LEARNERS)
def test_defaults_lie_inside_the_search_space(name):
    defaults = LEARNERS[name]().parameters()
    assert all(defaults[key] in span for key, span in LEARNERS[name].space().items())


@pytest.mark.parametrize("name", LEARNERS)
def test_parameters_without_sense_are_refused(name):
    refused = 0
    for key, value in LEARNERS[name]().parameters().items():
        for wrong in (-1 if isinstance(value, int) else -1.0, float("nan")):
            if isinstance(value, int) and wrong != -1:
                continue
            with pytest.raises(UsageError, match=f"{name}: expected"):
                LEARNERS[name](**{key: wrong})
            refused += 1
    assert refused >= 4


@pytest.mark.parametrize("name", [n for n in LEARNERS if look_back_of(LEARNERS[n]()) == 1])
def test_no_rows_have_no_scores(name):
    assert fit(LEARNERS[name]()).score(np.empty((0, 8), np.float32)).shape == (0,)
