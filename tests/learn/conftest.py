import numpy as np
import pytest

from edgekeeper.config import Config, GatesConfig, LineConfig
from edgekeeper.features import evaluate
from edgekeeper.learn import LearnService
from edgekeeper.ledger import Ledger
from edgekeeper.registry import Registry
from edgekeeper.simulator import MarketFeed
from edgekeeper.worlds import make_world

CONFIG = Config(
    gates=GatesConfig(min_samples=50),
    lines=(
        LineConfig(name="linear", learner="logistic", features=("returns", "volume")),
        LineConfig(
            name="trees",
            learner="lightgbm",
            parameters={"rounds": 10},
            features=("returns", "volume"),
        ),
        LineConfig(name="other", learner="logistic", features=("returns",)),
    ),
)


class Desk:
    """A learning service beside its ledger and registry."""

    def __init__(self, bars, ledger, registry, config=CONFIG):
        self.bars = bars
        self.config = config
        self.ledger = ledger
        self.registry = registry
        volatility = evaluate(config.labels.volatility, bars)
        rule = np.zeros(len(bars), np.int8)
        feed = MarketFeed(bars, volatility, rule, max_age_ns=10**12)
        self.learn = LearnService(feed, config, self.ledger, self.registry)

    def signal(self, rows, **changes):
        """Record both sides of some rows as signals."""
        bars = self.bars
        for side in ("long", "short"):
            columns = {
                "event_time_ns": bars.event_time[rows],
                "known_time_ns": bars.known_time[rows],
                "symbol": np.array(bars.symbols, dtype=object)[bars.symbol[rows]],
                "side": side,
                "source": "every_bar",
            }
            with self.ledger.transaction("trade") as tx:
                tx.append("signals", columns | changes)

    def at(self, instant):
        return int(self.bars.instants[instant])

    def until(self, instant):
        return slice(0, int(self.bars.instant_offsets[instant + 1]))

    def packages(self):
        return self.ledger.read("packages")


@pytest.fixture(scope="session")
def planted():
    return make_world("planted", seed=4, symbols=3, bars=520, net_sharpe=6.0).bars


@pytest.fixture
def open_desk(tmp_path):
    ledgers = []

    def make(bars, config=CONFIG):
        folder = tmp_path / str(len(ledgers))
        folder.mkdir()
        ledgers.append(Ledger.open(folder / "ledger.sqlite"))
        return Desk(bars, ledgers[-1], Registry(folder / "models"), config)

    yield make
    for ledger in ledgers:
        ledger.close()


@pytest.fixture
def desk(open_desk, planted):
    return open_desk(planted)


@pytest.fixture(scope="session")
def config():
    return CONFIG
