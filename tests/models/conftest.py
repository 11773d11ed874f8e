from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import pytest

from edgekeeper.models import (
    LEARNERS,
    DataWindow,
    Lineage,
    Model,
    Outcomes,
    Provenance,
    Reference,
    build_package,
    fit_heads,
)
from edgekeeper.models.learners import LSTM
from edgekeeper.testing.learners import market_like

COLUMNS = 6
DEEP = {"lstm", "multi_task"}
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs the extra `deep`")


@dataclass(frozen=True)
class SmallLSTM(LSTM):
    look_back: int = 2
    hidden: int = 16
    batches: int = 100


SHELF = {**LEARNERS, "lstm": SmallLSTM}
"""All learners, at a size that tests can afford."""

ON_SHELF = [pytest.param(n, marks=[needs_torch] if n in DEEP else []) for n in SHELF]
"""Their names, to parametrise with."""


def outcomes_after(score, *, edge=0.3, seed=0, volatility=0.01, horizon=10):
    """Outcomes whose direction the score foretells to the degree of ``edge``."""
    random = np.random.default_rng(seed)
    move = edge * score + random.standard_t(5, len(score))
    gross = 0.8 * volatility * np.sqrt(horizon) * np.clip(move, -1.0, 1.0)
    net = np.stack([gross - 0.001, -gross - 0.001], axis=1)
    stopped = (net < -0.8 * volatility * np.sqrt(horizon) + 1e-9).astype(float)
    return Outcomes(net, stopped, random.integers(1, horizon + 1, net.shape).astype(float))


def train(name="lightgbm", *, rows=3_000, seed=7):
    known = market_like(rows, COLUMNS, edge=0.4)
    learner = SHELF[name]()
    fitted = learner.fit(known, validation=None, seed=seed)
    later = market_like(1_000, COLUMNS, seed=1).features
    score = fitted.score(later)
    heads = fit_heads(
        score, np.full(1_000, 0.01), outcomes_after(score), np.ones(1_000), horizon=10
    )
    return Model(
        features={f"column {i}": f"lag(close, {i + 1})" for i in reversed(range(COLUMNS))},
        volatility="std(ret(close, 1), 20)",
        fitted=fitted,
        heads=heads,
        reference=Reference.fit(known.features),
        learner=name,
        parameters=learner.parameters(),
        seed=seed,
    )


def provenance(**changes):
    record = {
        "created_at": 1_700_000_000_000_000_000,
        "code_version": "0.1.0",
        "lineage": Lineage("line-1", refit=2, parent="ab" * 32),
        "data": DataWindow(10**18, 2 * 10**18, 3_000, ("AAPL", "Ünïcode"), "cd" * 32),
        "labels": {"horizon": 10, "target": 2.0, "stop": np.float64(1.0)},
        "op_versions": {"lag": 1, "std": 2},
        "metrics": {"auc": 0.53, "sharpe": float("nan")},
        "gates": {"hold-out": {"passed": True, "evidence": (0.1, 0.2)}},
    }
    return Provenance(**(record | changes))


@pytest.fixture(scope="session")
def model():
    return train()


@pytest.fixture(scope="session")
def rows():
    features = market_like(2_000, COLUMNS, seed=3).features
    return features, np.random.default_rng(3).uniform(0.005, 0.03, 2_000)


@pytest.fixture(scope="session")
def package(model, rows):
    return build_package(model, provenance(), features=rows[0], volatility=rows[1])
