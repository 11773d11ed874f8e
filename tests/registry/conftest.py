import numpy as np
import pytest

from edgekeeper.models import (
    DataWindow,
    Lineage,
    Model,
    Outcomes,
    Provenance,
    Reference,
    build_package,
    fit_heads,
)
from edgekeeper.models.learners.logistic import LogisticScore
from edgekeeper.models.learners.scaling import RobustScaling

FEATURES = np.random.default_rng(0).standard_normal((64, 3)).astype(np.float32)
VOLATILITY = np.full(64, 0.01)


def make_package(refit=0, parent=None):
    """A small real package; no training library involved."""
    random = np.random.default_rng(refit)
    scaling = RobustScaling(np.zeros(3), np.ones(3), 5.0)
    fitted = LogisticScore(scaling, np.array([0.5, -0.2, 0.0]), 0.01 * refit)
    score = fitted.score(FEATURES)
    net = 0.02 * random.standard_normal((64, 2))
    outcomes = Outcomes(net, (net < -0.02).astype(float), np.full((64, 2), 3.0))
    model = Model(
        features={name: f"lag(close, {i + 1})" for i, name in enumerate("abc")},
        volatility="std(ret(close, 1), 20)",
        fitted=fitted,
        heads=fit_heads(score, VOLATILITY, outcomes, np.ones(64), horizon=5),
        reference=Reference.fit(FEATURES),
        learner="logistic",
        parameters={},
        seed=1,
    )
    made = Provenance(
        created_at=10**18 + refit,
        code_version="0.1.0",
        lineage=Lineage("line", refit, parent),
        data=DataWindow(0, 1, 64, ("A",), "00"),
    )
    return build_package(model, made, features=FEATURES, volatility=VOLATILITY)


@pytest.fixture(scope="session")
def package():
    return make_package()


@pytest.fixture(scope="session")
def other():
    return make_package(refit=1)
