import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.config import Config, GatesConfig, LineConfig
from edgekeeper.features import evaluate
from edgekeeper.models import DataWindow, Lineage, Provenance, build_package
from edgekeeper.splits import HoldOut
from edgekeeper.train import TrainingData, feature_set_of, train_candidate
from edgekeeper.worlds import make_world

TREES = LineConfig(
    name="trees", learner="lightgbm", parameters={"rounds": 30}, features=("returns", "volume")
)
LINEAR = LineConfig(name="linear", learner="logistic", features=("returns", "volume"))


def other_future(bars, cut, how):
    """The same bars up to row ``cut``; what comes after them is gone, shuffled or invented."""
    if how == "gone":
        return bars.rows(0, cut)
    rng = np.random.default_rng(1)
    source = np.arange(len(bars))
    if how == "shuffled":
        source[cut:] = rng.permutation(source[cut:])
    factor = np.ones(len(bars))
    if how == "invented":
        factor[cut:] = np.exp(0.3 * rng.standard_normal(len(bars) - cut))
    names = ("open", "high", "low", "close")
    return Bars.from_arrays(
        symbol=np.asarray(bars.symbols)[bars.symbol],
        event_time=bars.event_time,
        known_time=bars.known_time,
        volume=bars.volume[source],
        **{name: getattr(bars, name)[source] * factor for name in names},
    )


class Workshop:
    """Bars and settings small enough to fit in a fraction of a second."""

    config = Config(gates=GatesConfig(min_samples=50))
    lines = (TREES, LINEAR)

    def __init__(self):
        self.world = make_world("planted", seed=4, symbols=3, bars=520, net_sharpe=6.0)
        self.bars = self.world.bars
        self.cut = int(self.bars.instant_offsets[440])
        self.now = int(self.bars.instants[439])

    def data(self, line, bars=None, config=None):
        bars = self.bars if bars is None else bars
        features, _ = feature_set_of(line, bars)
        return TrainingData.prepare(bars, features, config or self.config, target=line.target)

    def candidate(self, line, bars=None, *, data=None, seed=7, hold_out=None, **options):
        return train_candidate(
            data or self.data(line, bars),
            line,
            options.pop("config", self.config),
            now_ns=options.pop("now_ns", self.now),
            seed=seed,
            hold_out=hold_out or HoldOut(0.2),
            **options,
        )

    def sealed(self, model, data):
        """A model packaged with nothing but itself."""
        rows = slice(100, 1_200)
        made = Provenance(0, "0", Lineage("line", 0, None), DataWindow(0, 1, 1, ("A",), "00"))
        return build_package(
            model, made, features=data.matrix[rows], volatility=data.volatility[rows]
        )

    def digest(self, model, data):
        """Content hash of that package."""
        return self.sealed(model, data).hash

    volatility = staticmethod(lambda bars: evaluate(Config().labels.volatility, bars))
    other_future = staticmethod(other_future)


@pytest.fixture(scope="session")
def workshop():
    return Workshop()
