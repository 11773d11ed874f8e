"""Does an ensemble beat its best member, and do weights that change beat fixed ones?

Each recipe is fitted again and again on what was known, forecasts the next stretch, and trades it
in a virtual book; the forecasts of all stretches make one path. Reported: log-loss of both sides'
chances and the book's net Sharpe ratio, and each recipe less the one it has to beat, with 95 %
intervals from blocks of time resampled in pairs. The best member is the one with the least loss
*afterwards*: a hard one to beat, nobody could have named it before.

    python benchmarks/ensembles.py [--worlds 2] [--bars 1500] [--folds 4] [--json]
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.config import Config, LineConfig
from edgekeeper.market import load_bars
from edgekeeper.stats.scores import log_loss
from edgekeeper.train import TrainingData, feature_set_of, fit_model
from edgekeeper.validate.hold_out import virtual_gains
from edgekeeper.worlds import make_world, seeds

CATALOGUES = ("technical", "volatility", "volume", "returns", "regime")
LIGHT = (
    "xgboost.rounds = 80, random_forest.trees = 40, gradient_boosting.rounds = 80, "
    "lightgbm.rounds = 80"
)
FOUR = {"settings": LIGHT}
MEMBERS = "lightgbm, random_forest, logistic"
THREE = {"members": MEMBERS, "settings": "lightgbm.rounds = 80, random_forest.trees = 40"}
RECIPES: dict[str, tuple[str, dict[str, object], dict[str, object]]] = {
    "lightgbm": ("lightgbm", {"rounds": 80}, {}),
    "xgboost": ("xgboost", {"rounds": 80}, {}),
    "random_forest": ("random_forest", {"trees": 40}, {}),
    "gradient_boosting": ("gradient_boosting", {"rounds": 80}, {}),
    "logistic": ("logistic", {}, {}),
    "vote": ("vote", FOUR, {}),
    "average": ("average", THREE, {}),
    "stack": ("stack", THREE, {}),
    "recent": ("recent", THREE, {}),
    "regime": ("regime", THREE, {}),
    "regime, switched": ("regime", {**THREE, "switch": True}, {}),
    "components, static": ("components", {"how": "static"}, {}),
    "components, by regime": ("components", {"how": "regime"}, {}),
    "components, learned": ("components", {}, {}),
    "logistic, 20 features": ("logistic", {}, {"selection": {"correlation": 0.9, "by": "rfe"}}),
    "lightgbm, 20 features": (
        "lightgbm",
        {"rounds": 80},
        {"selection": {"correlation": 0.9, "by": "rfe"}},
    ),
    "lightgbm, SMOTE": ("lightgbm", {"rounds": 80}, {"augmentation": {"by": "smote"}}),
    "lightgbm, bootstrap": ("lightgbm", {"rounds": 80}, {"augmentation": {"by": "bootstrap"}}),
}
FOUR_MEMBERS = ("xgboost", "random_forest", "gradient_boosting", "lightgbm")
THREE_MEMBERS = ("lightgbm", "random_forest", "logistic")
TO_BEAT: dict[str, tuple[str, ...]] = {
    "vote": FOUR_MEMBERS,
    "average": THREE_MEMBERS,
    "stack": THREE_MEMBERS,
    "recent": ("average",),
    "regime": ("average",),
    "regime, switched": ("average",),
    "components, by regime": ("components, static",),
    "components, learned": ("components, static",),
    "logistic, 20 features": ("logistic",),
    "lightgbm, 20 features": ("lightgbm",),
    "lightgbm, SMOTE": ("lightgbm",),
    "lightgbm, bootstrap": ("lightgbm",),
}
BLOCK, REPETITIONS = 20, 2_000


@dataclass(frozen=True)
class Path:
    """Of one recipe, every instant forecast: mean log-loss, and the book's net gain."""

    loss: np.ndarray
    gain: np.ndarray
    seconds: float


@dataclass(frozen=True)
class Compared:
    market: str
    recipe: str
    against: str
    loss: float
    sharpe: float
    loss_saved: float
    loss_saved_interval: tuple[float, float]
    sharpe_gained: float
    sharpe_gained_interval: tuple[float, float]


def markets(worlds: int, bars: int) -> Iterator[tuple[str, list[Bars]]]:
    for kind, options in (("planted", {"net_sharpe": 4.0}), ("noise", {})):
        drawn = seeds("benchmark", worlds)
        yield kind, [make_world(kind, seed=s, symbols=5, bars=bars, **options).bars for s in drawn]
    yield "real (bundled)", [load_bars("bundled").bars]


def prequential(bars: Bars, recipe: str, folds: int, prepared: dict[str, TrainingData]) -> Path:
    learner, parameters, steps = RECIPES[recipe]
    line = LineConfig.model_validate(
        {"name": "bench", "learner": learner, "parameters": parameters, "features": CATALOGUES}
        | steps
    )
    config = Config()
    if "all" not in prepared:
        features, _ = feature_set_of(line, bars)
        prepared["all"] = TrainingData.prepare(bars, features, config)
    data = prepared["all"]
    cuts = np.linspace(0.4, 1.0, folds + 1) * (len(bars.instants) - 1)
    losses, gains = [], []
    began = time.perf_counter()
    for place, (begin, end) in enumerate(pairwise(cuts)):
        now, then = (int(bars.instants[int(cut)]) for cut in (begin, end))
        model = fit_model(data, data.known_rows(now), line, config, seed=place)
        first, last = (int(np.searchsorted(bars.event_time, t, "right")) for t in (now, then))
        part = slice(first, last)
        forecasts = model.forecast(data.matrix[part], data.volatility[part])
        gains.append(
            virtual_gains(bars.rows(first, last), data.volatility[part], forecasts, config)
        )
        net = data.labels.net_return[part]
        known = np.isfinite(net).all(axis=1) & np.isfinite(forecasts.probability).all(axis=1)
        loss = log_loss(net[known] > 0.0, forecasts.probability[known]).mean(axis=1)
        _, instant = np.unique(bars.event_time[part][known], return_inverse=True)
        losses.append(np.bincount(instant, weights=loss) / np.bincount(instant))
    return Path(np.concatenate(losses), np.concatenate(gains), time.perf_counter() - began)


def sharpe(gain: np.ndarray) -> np.ndarray:
    deviation = gain.std(axis=-1)
    return math.sqrt(252.0) * gain.mean(axis=-1) / np.where(deviation > 0.0, deviation, np.inf)


def resampled(paths: list[np.ndarray], seed: int) -> Iterator[np.ndarray]:
    """The same blocks of each path, in circles, ``[paths, n]``, again and again."""
    stacked = np.stack(paths)
    n = stacked.shape[1]
    random = np.random.default_rng(seed)
    for _ in range(REPETITIONS):
        starts = random.integers(0, n, -(-n // BLOCK))
        yield stacked[:, ((starts[:, None] + np.arange(BLOCK)) % n).ravel()[:n]]


def compare(market: str, recipe: str, against: str, one: Path, other: Path) -> Compared:
    saved = [float(np.mean(b - a)) for a, b in resampled([one.loss, other.loss], 1)]
    gained = [float(sharpe(a) - sharpe(b)) for a, b in resampled([one.gain, other.gain], 2)]
    return Compared(
        market,
        recipe,
        against,
        float(one.loss.mean()),
        float(sharpe(one.gain)),
        float(np.mean(other.loss - one.loss)),
        tuple(np.quantile(saved, [0.025, 0.975]).tolist()),
        float(sharpe(one.gain) - sharpe(other.gain)),
        tuple(np.quantile(gained, [0.025, 0.975]).tolist()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=2)
    parser.add_argument("--bars", type=int, default=1_500)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = []
    for market, worlds in markets(asked.worlds, asked.bars):
        paths: dict[str, list[Path]] = {name: [] for name in RECIPES}
        for bars in worlds:
            prepared: dict[str, TrainingData] = {}
            for name in RECIPES:
                paths[name].append(prequential(bars, name, asked.folds, prepared))
        joined = {
            name: Path(
                np.concatenate([p.loss for p in parts]),
                np.concatenate([p.gain for p in parts]),
                sum(p.seconds for p in parts),
            )
            for name, parts in paths.items()
        }
        if not asked.json:
            for name, path in joined.items():
                print(
                    f"{market:15} {name:24} loss {path.loss.mean():.4f}  "
                    f"Sharpe {sharpe(path.gain):5.2f}  {path.seconds:5.1f} s",
                    flush=True,
                )
        for name, rivals in TO_BEAT.items():
            best = min(rivals, key=lambda rival: float(joined[rival].loss.mean()))
            found.append(compare(market, name, best, joined[name], joined[best]))
            if not asked.json:
                c = found[-1]
                print(
                    f"{market:15} {name:24} against {best:20} loss saved {c.loss_saved:+.4f} "
                    f"[{c.loss_saved_interval[0]:+.4f}, {c.loss_saved_interval[1]:+.4f}]  Sharpe "
                    f"{c.sharpe_gained:+.2f} [{c.sharpe_gained_interval[0]:+.2f}, "
                    f"{c.sharpe_gained_interval[1]:+.2f}]",
                    flush=True,
                )
    if asked.json:
        print(json.dumps([asdict(c) for c in found]))


if __name__ == "__main__":
    main()
