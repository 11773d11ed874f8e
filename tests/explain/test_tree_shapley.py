"""A packaged sum of trees is taken apart exactly, as shap does it with the library that made it."""

import numpy as np
import pytest

from edgekeeper.errors import BadData
from edgekeeper.explain import explain_scores, shapley_values
from edgekeeper.explain.packaged_trees import trees_in
from edgekeeper.explain.tree_shapley import tree_shapley
from edgekeeper.models import LEARNERS
from edgekeeper.models.inference import Graph
from edgekeeper.models.learners.trees import FlatTrees, Split, tree_graph
from edgekeeper.types import TrainingRows

RNG = np.random.default_rng(5)
X = RNG.standard_normal((900, 12)).astype(np.float32)
X[::7, 3] = np.nan
Y = (X[:, 0] + X[:, 1] * X[:, 2] + np.nan_to_num(X[:, 3]) > 0).astype(float)
ROWS = TrainingRows.of(X, Y, np.ones(len(X)))
SETTINGS = {"lightgbm": {"rounds": 40, "rows_per_leaf": 10}, "xgboost": {"rounds": 40}}


class Packaged:
    """What of a package an explanation asks for."""

    def __init__(self, graph, features=12):
        self.graph, self.score = graph, Graph(graph, features).score


@pytest.fixture(scope="module")
def fitted():
    made = {}

    def fit(name):
        if name not in made:
            kind = LEARNERS[name]
            learner = kind(**SETTINGS.get(name, {}))
            made[name] = learner.fit(ROWS, validation=None, seed=1)
        return made[name]

    return fit


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "gradient_boosting"])
def test_boosted_trees_are_exact(fitted, name):
    package = Packaged(fitted(name).to_onnx(12))
    usual, x = X[:40], X[100:130]
    found = explain_scores(package, x, usual, graph=package.graph)
    assert found.exact
    assert found.values.sum(axis=1) == pytest.approx(found.score - found.base, abs=1e-6)
    drawn = shapley_values(package.score, x[:3], usual, orders=20)
    assert np.abs(found.values[:3] - drawn.values).max() < 6.0 * drawn.error.max() + 1e-6
    # Where few features differ, every coalition can be formed: the two have to be the same.
    near = np.repeat(usual[:1], 4, axis=0)
    near[:, [0, 1, 2, 3, 7]] = x[:4, [0, 1, 2, 3, 7]]
    exact = shapley_values(package.score, near, usual[:1])
    again = explain_scores(package, near, usual[:1], graph=package.graph)
    assert exact.exact
    assert again.values == pytest.approx(exact.values, abs=1e-9)


def test_the_package_says_of_lightgbm_what_shap_says(fitted):
    """Within 1e-5 of interventional tree SHAP, which shap computes in single precision."""
    shap = pytest.importorskip("shap")
    import lightgbm

    options = {"objective": "binary", "verbose": -1, "num_threads": 1, "max_depth": 5, "seed": 1}
    booster = lightgbm.train(options, lightgbm.Dataset(X, Y), 30)
    from edgekeeper.models.learners.lightgbm import LightGBMScore

    package = Packaged(LightGBMScore(booster).to_onnx(12))
    whole = np.nan_to_num(X)
    usual, x = whole[:50], whole[100:140]
    oracle = shap.TreeExplainer(booster, usual, feature_perturbation="interventional")
    found = explain_scores(package, x, usual, graph=package.graph)
    assert found.values == pytest.approx(np.asarray(oracle.shap_values(x)), abs=1e-5)
    assert found.base == pytest.approx(float(np.ravel(oracle.expected_value)[-1]), abs=1e-5)


@pytest.mark.parametrize("name", ["random_forest", "logistic"])
def test_what_is_no_sum_of_trees_is_sampled(fitted, name):
    package = Packaged(fitted(name).to_onnx(12))
    assert trees_in(package.graph) is None
    found = explain_scores(package, X[:1], X[40:50], graph=package.graph)
    assert not found.exact
    assert found.values.sum() == pytest.approx(found.score[0] - found.base, abs=1e-9)


def test_a_stump_by_hand_and_two_features_that_play_the_same_part():
    trees = FlatTrees()
    trees.add(Split(0, 0.0, True, 0.0, Split(1, 0.0, False, 0.0, 1.0)))  # both above zero
    package = Packaged(tree_graph(trees, 3), 3)
    above, below = np.float32([[1, 1, 5]]), np.float32([[-1, -1, 0]])
    found = explain_scores(package, above, below, graph=package.graph)
    assert found.values.tolist() == [[0.5, 0.5, 0.0]]
    missing = np.float32([[np.nan, 1, 5]])
    assert not explain_scores(package, missing, below, graph=package.graph).values.any()


def test_trees_that_are_not_those_of_the_score_are_not_believed():
    trees = FlatTrees()
    trees.add(Split(0, 0.0, True, -1.0, 1.0))
    read = trees_in(tree_graph(trees, 2))
    x, usual = np.float32([[1, 0]]), np.float32([[-1, 0]])
    assert tree_shapley(read, lambda z: 3.0 * z[:, 0].astype(float), x, usual) is None
    assert tree_shapley(read, lambda z: np.sign(z[:, 0]).astype(float), x, usual) is not None


def test_hostile_graphs_are_refused():
    trees = FlatTrees()
    trees.add(Split(0, 0.0, True, -1.0, 1.0))
    for graph in (b"", b"x" * 100, tree_graph(trees, 2)[:-9]):
        with pytest.raises(BadData):
            trees_in(graph)
