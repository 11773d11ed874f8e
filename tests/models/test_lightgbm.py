from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.errors import BadData, UsageError
from edgekeeper.models.inference import Graph
from edgekeeper.models.learners.lightgbm import LightGBM
from edgekeeper.models.learners.rows import training_rows
from edgekeeper.testing.learners import market_like
from edgekeeper.types import TrainingRows


def fit(learner=None, validation=None, seed=3, **rows):
    known = market_like(2_000, edge=0.5, **rows)
    made = learner or LightGBM()
    return known.features, made.fit(known, validation=validation, seed=seed)


def test_graph_equals_the_booster_to_the_bit():
    """Doubles throughout: not merely close, the same branches and the same sums."""
    features, fitted = fit()
    rows = np.concatenate([features, market_like(2_000, seed=8).features])
    rows[::7, 1] = np.nan
    graph = Graph(fitted.to_onnx(8), 8)
    assert np.array_equal(graph.score(rows), fitted.score(rows))


def test_values_exactly_on_a_threshold_take_the_same_branch():
    random = np.random.default_rng(0)
    features = random.integers(0, 5, (1_000, 2)).astype(np.float32) / np.float32(10)
    target = (features[:, 0] > 0.25).astype(float)
    rows = TrainingRows.of(features, target, np.ones(1_000))
    fitted = LightGBM(rounds=20).fit(rows, validation=None, seed=0)
    assert np.array_equal(Graph(fitted.to_onnx(2), 2).score(features), fitted.score(features))
    assert ((fitted.score(features) > 0) == (target == 1)).all()


def test_threads_do_not_change_the_fit():
    graphs = {fit(LightGBM(threads=threads))[1].to_onnx(8) for threads in (1, 2)}
    assert len(graphs) == 1
    assert LightGBM(threads=2).parameters() == LightGBM().parameters()


def test_seeds_do():
    assert fit(seed=1)[1].to_onnx(8) != fit(seed=2)[1].to_onnx(8)
    fit(seed=2**40)


def test_early_stopping_leaves_few_trees_on_noise_but_never_fewer_than_five():
    noise = market_like(2_000, edge=0.0, seed=5)
    _, fitted = fit(validation=noise)
    assert 5 <= fitted.trees < 60
    opposite = market_like(2_000, edge=-2.0, seed=5)
    assert fit(validation=opposite)[1].trees == 5
    assert fit()[1].trees == 150


def test_trees_stay_small():
    features, fitted = fit(LightGBM(depth=10, rounds=3))
    dump = fitted.booster.dump_model()
    assert all(tree["num_leaves"] <= 31 for tree in dump["tree_info"])
    assert fitted.score(features[:0]).shape == (0,)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rounds": 0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"row_share": 1.5},
        {"bins": 1},
        {"ridge": -1.0},
        {"threads": 0},
    ],
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(UsageError, match="lightgbm"):
        LightGBM(**wrong)


def test_asked_search_space():
    """The defaults asked for boosted trees."""
    bounds = {name: (span.low, span.high, span.log) for name, span in LightGBM.space().items()}
    assert bounds == {
        "depth": (3, 10, False),
        "learning_rate": (0.01, 0.3, True),
        "rounds": (50, 500, False),
        "row_share": (0.6, 1.0, False),
        "feature_share": (0.6, 1.0, False),
        "child_weight": (1.0, 10.0, False),
    }
    defaults = LightGBM().parameters()
    assert all(defaults[name] in span for name, span in LightGBM.space().items())


@pytest.mark.parametrize(
    "change",
    [
        {"features": np.zeros((3, 0), np.float32)},
        {"features": np.zeros(3, np.float32)},
        {"features": np.zeros((4, 2), np.float32)},
        {"target": np.array([0.0, 1.0, 2.0])},
        {"target": np.array([0.0, 1.0, np.nan])},
        {"target": np.full(3, 0.5)},
        {"weight": np.array([1.0, -1.0, 1.0])},
        {"weight": np.array([1.0, np.inf, 1.0])},
        {"weight": np.zeros(3)},
    ],
)
def test_rows_that_cannot_be_fitted_are_refused(change):
    rows = {
        "features": np.zeros((3, 2), np.float32),
        "target": np.array([0.0, 1.0, 1.0]),
        "weight": np.ones(3),
    }
    with pytest.raises(BadData, match="training: expected"):
        training_rows(TrainingRows.of(**(rows | change)))


@pytest.mark.parametrize(
    "change",
    [
        {"start_time": np.zeros(2, np.int64)},
        {"magnitude": np.zeros(4)},
        {"names": ("a", "b", "c")},
    ],
)
def test_rows_with_columns_of_another_length_are_refused(change):
    whole = TrainingRows.of(np.zeros((3, 2), np.float32), np.array([0.0, 1.0, 1.0]), np.ones(3))
    with pytest.raises(BadData, match="training: expected"):
        training_rows(replace(whole, **change))
