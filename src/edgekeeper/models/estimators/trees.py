"""Classifiers made of trees: single ones, forests, boosting of scikit-learn and others."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from edgekeeper.errors import Refused
from edgekeeper.models.estimators.part import Classifier, kind_of, probability
from edgekeeper.models.learners.draft import Draft
from edgekeeper.models.learners.lightgbm import LightGBMScore
from edgekeeper.models.learners.sklearn_trees import histogram_tree, sklearn_tree
from edgekeeper.models.learners.trees import FlatTrees, add_trees
from edgekeeper.models.learners.xgboost import XGBoostScore
from edgekeeper.types import Float64Array

__all__ = ["TREES"]

_FLOAT, _DOUBLE = 1, 11


def _single_precision(draft: Draft, x: str) -> str:
    """Round as libraries do that compare in single precision."""
    return draft.add("Cast", draft.add("Cast", x, to=_FLOAT), to=_DOUBLE)


def _draw_forest(draft: Draft, forest: Any, x: str) -> str:
    trees = FlatTrees()
    members = getattr(forest, "estimators_", [forest])
    for member in members:
        trees.add(sklearn_tree(member.tree_, column=1))
    total = add_trees(draft, trees, _single_precision(draft, x))
    return draft.add("Div", total, float(len(members)))


def _margin(boosting: Any, x: Float64Array) -> Float64Array:
    return np.asarray(boosting.decision_function(x), dtype=np.float64)


def _draw_boosting(draft: Draft, boosting: Any, x: str) -> str:
    if boosting.init_ != "zero" and kind_of(boosting.init_) != "sklearn.DummyClassifier":
        raise Refused("GradientBoostingClassifier: expected init=None or 'zero'")
    nothing = np.zeros((1, boosting.n_features_in_), dtype=np.float32)
    trees = FlatTrees()
    trees.add(float(boosting._raw_predict_init(nothing)[0, 0]))
    for (member,) in boosting.estimators_:
        trees.add(sklearn_tree(member.tree_, scale=boosting.learning_rate))
    return add_trees(draft, trees, _single_precision(draft, x))


def _draw_histogram(draft: Draft, boosting: Any, x: str) -> str:
    if boosting.is_categorical_ is not None and boosting.is_categorical_.any():
        raise Refused("HistGradientBoostingClassifier: expected no categorical features")
    trees = FlatTrees()
    trees.add(float(boosting._baseline_prediction[0, 0]))
    for (tree,) in boosting._predictors:
        trees.add(histogram_tree(tree))
    return add_trees(draft, trees, x)


def _lightgbm_answer(estimator: Any, x: Float64Array) -> Float64Array:
    raw = _lightgbm(estimator).booster.predict(x, raw_score=True, num_threads=1)
    return np.asarray(raw, dtype=np.float64)


def _lightgbm(estimator: Any) -> LightGBMScore:
    if estimator.boosting_type == "rf" or estimator.get_params().get("linear_tree"):
        raise Refused("LGBMClassifier: expected boosting_type 'gbdt' or 'dart', no linear trees")
    return LightGBMScore(estimator.booster_)


def _xgboost(estimator: Any) -> XGBoostScore:
    booster = estimator.get_booster()
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    if learner["gradient_booster"]["name"] != "gbtree":
        raise Refused("XGBClassifier: expected booster 'gbtree'")
    if booster.attr("best_iteration") is not None:
        booster = booster[: booster.best_iteration + 1]
    rate = float(json.loads(learner["learner_model_param"]["base_score"])[0])
    return XGBoostScore(booster, float(np.log(rate / (1.0 - rate))))


TREES: Mapping[str, Classifier] = MappingProxyType(
    {
        "lightgbm.LGBMClassifier": Classifier(
            "log-odds",
            _lightgbm_answer,
            lambda draft, estimator, x: add_trees(draft, _lightgbm(estimator).flat(), x),
        ),
        "sklearn.DecisionTreeClassifier": Classifier("probability", probability, _draw_forest),
        "sklearn.ExtraTreesClassifier": Classifier("probability", probability, _draw_forest),
        "sklearn.GradientBoostingClassifier": Classifier("log-odds", _margin, _draw_boosting),
        "sklearn.HistGradientBoostingClassifier": Classifier("log-odds", _margin, _draw_histogram),
        "sklearn.RandomForestClassifier": Classifier("probability", probability, _draw_forest),
        "xgboost.XGBClassifier": Classifier(
            "log-odds",
            lambda estimator, x: _xgboost(estimator).score(x.astype(np.float32)),
            lambda draft, estimator, x: add_trees(
                draft, _xgboost(estimator).flat(), _single_precision(draft, x)
            ),
        ),
    }
)
"""By kind; one line each."""
