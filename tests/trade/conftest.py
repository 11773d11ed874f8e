import json

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.config import Config, EvidenceConfig, GatesConfig, LineConfig, RolloutConfig
from edgekeeper.features import evaluate
from edgekeeper.learn import LearnService
from edgekeeper.ledger import Ledger
from edgekeeper.models import load_package
from edgekeeper.models.package import GRAPH, MANIFEST, PackageBytes
from edgekeeper.registry import Registry
from edgekeeper.simulator import MarketFeed
from edgekeeper.trade import TradeLoop, cut_epochs, rule_signals
from edgekeeper.worlds import make_world

# Thresholds low enough that a strong edge is promoted within weeks and a flip noticed in days.
EAGER = Config(
    gates=GatesConfig(min_samples=40, veto_errors=5.0, max_sharpe=100.0),
    evidence=EvidenceConfig(
        false_discovery_rate=0.6,
        horizon_epochs=1_000,
        min_trades=5,
        worst_bar=6.0,
        exposure_window=40,
        prior_bars=10,
        false_retreat_bars=40.0,
    ),
    rollout=RolloutConfig(shadow_epochs=0, steps=()),
    lines=(
        LineConfig(
            name="linear",
            learner="logistic",
            parameters={"ridge": 10.0},
            features=("returns", "volume"),
            min_bars=200,
            refit_epochs=63,
        ),
        LineConfig(
            name="blind",
            learner="logistic",
            features=(),
            extra_features={"weekday": "lag(close, 40) / lag(close, 41)"},
            min_bars=200,
            refit_epochs=63,
        ),
    ),
)


class Run:
    """The loop as it is driven: epochs, moves, refits at fixed distances, adoption."""

    def __init__(self, bars, folder, config=EAGER):
        self.bars, self.config = bars, config
        self.ledger = Ledger.open(folder / "ledger.sqlite")
        self.registry = Registry(folder / "models")
        volatility = evaluate(config.labels.volatility, bars)
        rule = rule_signals(config.rules, bars)
        self.feed = MarketFeed(bars, volatility, rule, max_age_ns=10**12)
        self.learn = LearnService(self.feed, config, self.ledger, self.registry)
        self.trade = TradeLoop(self.feed, config, self.ledger, self.registry, self.matrix)
        self.epochs = cut_epochs(self.feed.instants, config.epoch)
        self.heads, self.moves, self.champions, self.pointers = [], [], [], []

    def matrix(self, package):
        return self.learn.training_data(package.manifest.provenance.lineage.line).matrix

    def all(self):
        for epoch in range(len(self.epochs) - 1):
            self.one(epoch)
        return self

    def one(self, epoch):
        first, last = int(self.epochs[epoch]), int(self.epochs[epoch + 1])
        now = int(self.feed.instants[last - 1])
        self.trade.run(first, last)
        self.moves += [(epoch, move) for move in self.trade.end_epoch(now)]
        due = False
        for line in self.config.lines:
            if last >= line.min_bars and (last - line.min_bars) % line.refit_epochs == 0:
                self.learn.refit(line.name, now)
                due = True
        if due:
            self.trade.roster.adopt(now)
        self.heads.append(self.ledger.head("trade"))
        self.champions.append(self.trade.roster.champion)
        self.pointers.append(self.registry.pointer().champion)

    def table(self, name, **where):
        return self.ledger.read(name, where=where)


def prices(close, **changes):
    """Bars of one symbol "A", one a weekday, that open where they closed the day before."""
    close = np.asarray(close, dtype=float)
    open_ = np.concatenate(([close[0]], close[:-1]))
    columns = {
        "open": open_,
        "high": np.maximum(open_, close),
        "low": np.minimum(open_, close),
        "close": close,
    }
    days = np.arange(len(close)) + 4 + 2 * (np.arange(len(close)) // 5)
    times = days * 86_400 * 10**9 + 21 * 3_600 * 10**9
    return Bars.from_arrays(
        symbol=["A"] * len(close), event_time=times.astype(np.int64), **(columns | changes)
    )


@pytest.fixture(scope="session")
def one_symbol():
    return prices


@pytest.fixture(scope="session")
def eager():
    return EAGER


@pytest.fixture(scope="session")
def start_run(tmp_path_factory):
    runs = []

    def start(bars, config=EAGER):
        runs.append(Run(bars, tmp_path_factory.mktemp("run"), config))
        return runs[-1]

    yield start
    for run in runs:
        run.ledger.close()


@pytest.fixture(scope="session")
def flip(start_run):
    """A strong edge that turns round: found, promoted, lost, retreated from."""
    world = make_world("flip", seed=3, symbols=3, bars=420, net_sharpe=8.0, flip_at=0.75)
    return start_run(world.bars).all()


@pytest.fixture(scope="session")
def compares():
    """Give the same package with heads that compare the symbols of a bar."""

    def compare(run, package):
        files = run.registry.files(package.hash).files
        manifest = json.loads(files[MANIFEST])
        manifest["heads"]["relative"] = True
        return load_package(PackageBytes.seal(manifest, files[GRAPH]).files)

    return compare
