"""Every learner on the shelf passes the conformance kit."""

import inspect
import pkgutil
from functools import partialmethod
from importlib import import_module

import pytest

from edgekeeper.models import LEARNERS, ensembles, learners
from edgekeeper.testing.learners import CHECKS, SLOW_CHECKS

from .conftest import ON_SHELF, SHELF

# Members that fit fast; the defaults run with the slow ones.
LIGHT = {
    "average": {"settings": "lightgbm.rounds = 40"},
    "recent": {"members": "lightgbm, logistic"},
    "regime": {"settings": "lightgbm.rounds = 40"},
    "stack": {"members": "lightgbm, logistic", "settings": "lightgbm.rounds = 40"},
    "vote": {"settings": "random_forest.trees = 10, gradient_boosting.rounds = 30"},
}
CASES = [(name, check) for name in LEARNERS for check in CHECKS]


def light(name):
    """The learner, or with lighter parameters for defaults."""
    kind, parameters = SHELF[name], LIGHT.get(name, {})
    if not parameters:
        return kind
    return type(kind.__name__, (kind,), {"__init__": partialmethod(kind.__init__, **parameters)})


def test_the_kit_ran_on_all_learners():
    files = {
        info.name
        for shelf in (learners, ensembles)
        for info in pkgutil.iter_modules(shelf.__path__)
        for module in [import_module(f"{shelf.__name__}.{info.name}")]
        for _, member in inspect.getmembers(module, inspect.isclass)
        if hasattr(member, "missing_values") and member.__module__ == module.__name__
    }
    assert files == set(LEARNERS)
    assert len(LEARNERS) >= 15
    assert len(CASES) == len(LEARNERS) * len(CHECKS) >= 140
    assert all(learner.name == name for name, learner in LEARNERS.items())


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", ON_SHELF)
def test_learner_conforms(name, check):
    CHECKS[check](light(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", LIGHT)
@pytest.mark.parametrize("check", CHECKS)
def test_ensemble_conforms_with_its_defaults(name, check):
    CHECKS[check](LEARNERS[name])


@pytest.mark.slow
@pytest.mark.parametrize("check", ["finds a planted edge", "harmless on noise", "onnx"])
def test_lstm_conforms_at_its_own_size(check):
    pytest.importorskip("torch")
    CHECKS[check](LEARNERS["lstm"])


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in ON_SHELF if n.values[0] in learners.LEARNERS])
@pytest.mark.parametrize("check", SLOW_CHECKS)
def test_learner_conforms_at_size(name, check):
    SLOW_CHECKS[check](LEARNERS[name])
