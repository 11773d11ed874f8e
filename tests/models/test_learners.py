"""Every learner on the shelf passes the conformance kit."""

import inspect
import pkgutil

import pytest

import edgekeeper.models.learners as shelf
from edgekeeper.models.learners import LEARNERS
from edgekeeper.testing.learners import CHECKS, SLOW_CHECKS

from .conftest import ON_SHELF, SHELF

CASES = [(name, check) for name in LEARNERS for check in CHECKS]


def test_the_kit_ran_on_all_learners():
    files = {
        info.name
        for info in pkgutil.iter_modules(shelf.__path__)
        if any(
            hasattr(member, "missing_values")
            for _, member in inspect.getmembers(
                __import__(f"{shelf.__name__}.{info.name}", fromlist=["x"]), inspect.isclass
            )
        )
    }
    assert files == set(LEARNERS)
    assert len(LEARNERS) >= 9
    assert len(CASES) == len(LEARNERS) * len(CHECKS) >= 81
    assert all(learner.name == name for name, learner in LEARNERS.items())


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", ON_SHELF)
def test_learner_conforms(name, check):
    CHECKS[check](SHELF[name])


@pytest.mark.slow
@pytest.mark.parametrize("check", ["finds a planted edge", "harmless on noise", "onnx"])
def test_lstm_conforms_at_its_own_size(check):
    pytest.importorskip("torch")
    CHECKS[check](LEARNERS["lstm"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_SHELF)
@pytest.mark.parametrize("check", SLOW_CHECKS)
def test_learner_conforms_at_size(name, check):
    SLOW_CHECKS[check](LEARNERS[name])
