from dataclasses import dataclass

import pytest

from edgekeeper.bars import Bars
from edgekeeper.config import Config, GatesConfig, LineConfig
from edgekeeper.splits import HoldOut
from edgekeeper.train import Candidate, TrainingData, feature_set_of, train_candidate
from edgekeeper.validate import HoldOutData
from edgekeeper.worlds import make_world

CONFIG = Config(gates=GatesConfig(min_samples=50))
HINTED = LineConfig(
    name="hinted",
    learner="logistic",
    parameters={"ridge": 1.0},
    features=("returns",),
    extra_features={"hint": "HINT.value"},
)
PLAIN = LineConfig(
    name="plain", learner="logistic", parameters={"ridge": 10.0}, features=("returns", "volume")
)


@dataclass
class Bench:
    """A candidate and what it is judged on."""

    data: TrainingData
    candidate: Candidate
    view: HoldOutData


def bench(bars: Bars, line: LineConfig, config: Config = CONFIG) -> Bench:
    now = int(bars.instants[-1])
    data = TrainingData.prepare(bars, feature_set_of(line, bars)[0], config)
    made = train_candidate(data, line, config, now_ns=now, seed=1, hold_out=HoldOut(0.2))
    view = HoldOutData(bars, data.matrix, data.volatility, data.labels, made.hold_out, now)
    return Bench(data, made, view)


@pytest.fixture(scope="session")
def config():
    return CONFIG


@pytest.fixture(scope="session")
def lines():
    return {"hinted": HINTED, "plain": PLAIN}


@pytest.fixture(scope="session")
def make_bench():
    return bench


@pytest.fixture(scope="session")
def planted():
    return bench(make_world("planted", seed=4, symbols=3, bars=900, net_sharpe=6.0).bars, PLAIN)
