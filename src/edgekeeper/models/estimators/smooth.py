"""Classifiers that add features up: linear ones, support vector machines, nets."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from edgekeeper.errors import Refused
from edgekeeper.models.estimators.part import Classifier, probability
from edgekeeper.models.learners.draft import Draft
from edgekeeper.models.learners.svm import draw_gaussian_kernel
from edgekeeper.types import Float64Array

__all__ = ["SMOOTH"]

_SMOOTH_UNITS = {"tanh": "Tanh", "logistic": "Sigmoid"}


def _margin(estimator: Any, x: Float64Array) -> Float64Array:
    return np.asarray(estimator.decision_function(x), dtype=np.float64)


def _draw_linear(draft: Draft, estimator: Any, x: str) -> str:
    return draft.linear(x, estimator.coef_.reshape(-1, 1), np.ravel(estimator.intercept_))


def _draw_svc(draft: Draft, machine: Any, x: str) -> str:
    if machine.kernel == "linear":
        return _draw_linear(draft, machine, x)
    if machine.kernel != "rbf":
        raise Refused(f"SVC: expected kernel 'linear' or 'rbf', got {machine.kernel!r}")
    similarity = draw_gaussian_kernel(draft, x, machine.support_vectors_, float(machine._gamma))
    return draft.linear(similarity, machine.dual_coef_.reshape(-1, 1), machine.intercept_)


def _draw_mlp(draft: Draft, net: Any, x: str) -> str:
    *hidden, last = zip(net.coefs_, net.intercepts_, strict=True)
    for weight, bias in hidden:
        x = draft.linear(x, weight, bias)
        if net.activation == "relu":
            x = draft.add("Relu", x)
        elif net.activation != "identity":
            x = draft.smooth(_SMOOTH_UNITS[net.activation], x, len(bias))
    return draft.smooth("Sigmoid", draft.linear(x, *last), 1)


SMOOTH: Mapping[str, Classifier] = MappingProxyType(
    {
        "sklearn.LinearDiscriminantAnalysis": Classifier("log-odds", _margin, _draw_linear),
        "sklearn.LinearSVC": Classifier("margin", _margin, _draw_linear),
        "sklearn.LogisticRegression": Classifier("log-odds", _margin, _draw_linear),
        "sklearn.LogisticRegressionCV": Classifier("log-odds", _margin, _draw_linear),
        "sklearn.MLPClassifier": Classifier("probability", probability, _draw_mlp),
        "sklearn.RidgeClassifier": Classifier("margin", _margin, _draw_linear),
        "sklearn.SGDClassifier": Classifier("margin", _margin, _draw_linear),
        "sklearn.SVC": Classifier("margin", _margin, _draw_svc),
    }
)
"""By kind; one line each."""
