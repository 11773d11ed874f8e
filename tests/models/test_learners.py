"""Every learner on the shelf passes the conformance kit."""

import inspect
import pkgutil

import pytest

import edgekeeper.models.learners as shelf
from edgekeeper.models.learners import LEARNERS
from edgekeeper.testing.learners import CHECKS, SLOW_CHECKS

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
    assert len(LEARNERS) >= 7
    assert len(CASES) == len(LEARNERS) * len(CHECKS) >= 63
    assert all(learner.name == name for name, learner in LEARNERS.items())


@pytest.mark.parametrize(("name", "check"), CASES)
def test_learner_conforms(name, check):
    CHECKS[check](LEARNERS[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("check", SLOW_CHECKS)
def test_learner_conforms_at_size(name, check):
    SLOW_CHECKS[check](LEARNERS[name])
