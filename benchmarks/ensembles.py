"""Does an ensemble beat its best member, do weights that change beat fixed ones, models rules?

Each recipe is fitted again and again on what was known, forecasts the next stretch, and trades it
in a virtual book; the forecasts of all stretches make one path. Kept of each market, a line each in
`results/ensembles.jsonl`: log-loss of both sides' chances and the book's net Sharpe ratio, and what
each recipe has over those it has to beat. A second call measures only what is missing.

The best member is the one with the least loss *afterwards*, in each market anew: a hard one to
beat, nobody could have named it before. Intervals (95 %) are over markets, resampled; of one real
market over its blocks of time, resampled in pairs.

    python benchmarks/ensembles.py [--worlds 20] [--results FILE] [--only-summary]
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from ensemble_figures import (
    REPETITIONS,
    RESULTS,
    RULES,
    Pair,
    pairs_of,
    read_results,
    summarise,
)

from edgekeeper.bars import Bars
from edgekeeper.config import Config, LineConfig
from edgekeeper.market import load_bars, read_bars
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.stats.scores import log_loss
from edgekeeper.trade import rule_signals
from edgekeeper.train import TrainingData, feature_set_of, fit_model
from edgekeeper.validate.hold_out import virtual_gains
from edgekeeper.worlds import make_world, seeds

STOCKS = ("us_equity_daily_sp500_2013_2018", "sp500_subset_daily.parquet")
CATALOGUES = ("technical", "volatility", "volume", "returns", "regime")
LIGHT = (
    "xgboost.rounds = 80, random_forest.trees = 40, gradient_boosting.rounds = 80, "
    "lightgbm.rounds = 80"
)
FOUR = {"settings": LIGHT}
MEMBERS = "lightgbm, random_forest, logistic"
THREE = {"members": MEMBERS, "settings": "lightgbm.rounds = 80, random_forest.trees = 40"}
RANKED = {"selection": {"correlation": 0.9, "by": "rfe"}}
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
    "lightgbm, 20 features": ("lightgbm", {"rounds": 80}, RANKED),
    "lightgbm, SMOTE": ("lightgbm", {"rounds": 80}, {"augmentation": {"by": "smote"}}),
    "lightgbm, bootstrap": ("lightgbm", {"rounds": 80}, {"augmentation": {"by": "bootstrap"}}),
}
FOLDS, BLOCK = 3, 20


@dataclass(frozen=True)
class Run:
    """Of one recipe, every instant forecast: mean log-loss, and the book's net gain."""

    loss: np.ndarray
    gain: np.ndarray
    seconds: float


@dataclass(frozen=True)
class Market:
    """Bars to be made when their turn has come."""

    kind: str
    name: str
    make: Callable[[], Bars]


def markets(worlds: int) -> Iterator[Market]:
    """Return real bars as far as they are at hand, then planted and noise worlds in turn."""

    yield from real_markets()
    for place, seed in enumerate(seeds("benchmark", worlds)):
        edge = (4.0, 8.0)[place % 2]
        planted = partial(world, "planted", seed, net_sharpe=edge)
        yield Market("planted", f"seed {seed}, {edge:g}", planted)
        yield Market("noise", f"seed {seed}", partial(world, "noise", seed))


def world(kind: str, seed: int, **options: float) -> Bars:
    """Draw five symbols of a thousand days."""
    return make_world(kind, seed=seed, symbols=5, bars=1_000, **options).bars


def real_markets() -> Iterator[Market]:
    """Return the bundled bars, and baskets of US stocks where those lie beside the checkout."""
    yield Market("real", "bundled", lambda: load_bars("bundled").bars)
    here = Path(__file__).resolve().parents[1]
    for data in (here / "shared" / "data", here.parent / "shared" / "data"):
        file = data.joinpath(*STOCKS)
        if file.exists():
            names = read_bars(file).bars.symbols
            for place in range(4):
                chosen = names[place::13][:10]
                yield Market(
                    "real",
                    f"ten US stocks from {chosen[0]}, 2013-16",
                    partial(some_stocks, file, chosen),
                )
            return


def some_stocks(file: Path, symbols: tuple[str, ...]) -> Bars:
    """Read the bars of some symbols."""
    return read_bars(file, symbols=symbols).bars


def prequential(data: TrainingData, recipe: str, config: Config) -> Run:
    """Fit, forecast the next stretch, trade it; and so on."""
    learner, parameters, steps = RECIPES[recipe]
    line = LineConfig.model_validate(
        {"name": "bench", "learner": learner, "parameters": parameters, "features": CATALOGUES}
        | steps
    )
    bars = data.bars
    losses, gains = [], []
    began = time.process_time()
    for place, (now, part) in enumerate(stretches(bars)):
        model = fit_model(data, data.known_rows(now), line, config, seed=place)
        forecasts = model.forecast(data.matrix[part], data.volatility[part])
        own = bars.rows(part.start, part.stop)
        gains.append(virtual_gains(own, data.volatility[part], forecasts, config))
        net = data.labels.net_return[part]
        known = np.isfinite(net).all(axis=1) & np.isfinite(forecasts.probability).all(axis=1)
        loss = log_loss(net[known] > 0.0, forecasts.probability[known]).mean(axis=1)
        _, instant = np.unique(bars.event_time[part][known], return_inverse=True)
        losses.append(np.bincount(instant, weights=loss) / np.bincount(instant))
    return Run(np.concatenate(losses), np.concatenate(gains), time.process_time() - began)


def stretches(bars: Bars) -> Iterator[tuple[int, slice]]:
    """When a model is fitted, and the rows it forecasts."""
    cuts = np.linspace(0.4, 1.0, FOLDS + 1) * (len(bars.instants) - 1)
    for begin, end in pairwise(cuts):
        now, then = (int(bars.instants[int(cut)]) for cut in (begin, end))
        yield now, slice(*(int(np.searchsorted(bars.event_time, t, "right")) for t in (now, then)))


def rules_gain(data: TrainingData, config: Config) -> np.ndarray:
    """What the configured rules earn over the same stretches, in the same kind of book."""
    bars = data.bars
    signals = rule_signals(config.rules, bars)
    flat = book_parameters(config, periods_per_year=bars.periods_per_year, virtual=True)
    gains = []
    for _, part in stretches(bars):
        own = bars.rows(part.start, part.stop)
        age = int(config.guards.max_age_seconds * 1e9)
        feed = MarketFeed(own, data.volatility[part], signals[part], max_age_ns=age)
        log = Book(flat, len(own.symbols)).step(feed.chunk(0, len(feed.instants), None))
        gains.append(np.diff(log.equity[:, 0], prepend=0.0))
    return np.concatenate(gains)


def sharpe(gain: np.ndarray) -> np.ndarray:
    """Annual, of bars or of many resampled paths."""
    deviation = gain.std(axis=-1)
    return math.sqrt(252.0) * gain.mean(axis=-1) / np.where(deviation > 0.0, deviation, np.inf)


def by_blocks(one: np.ndarray, other: np.ndarray, figure: Callable[..., np.ndarray]) -> list[float]:
    """95 % interval of the difference of a figure, the same blocks of both, in circles."""
    random = np.random.default_rng(1)
    n = len(one)
    starts = random.integers(0, n, (REPETITIONS, -(-n // BLOCK)))
    place = ((starts[..., None] + np.arange(BLOCK)) % n).reshape(REPETITIONS, -1)[:, :n]
    return rounded(np.quantile(figure(one[place]) - figure(other[place]), [0.025, 0.975]))


def rounded(values: Any) -> Any:
    """Five digits, so that the record stays small."""
    return np.round(values, 5).tolist()


def measure(market: Market) -> dict[str, Any]:
    """One line of the record."""
    config, bars = Config(), market.make()
    features, _ = feature_set_of(LineConfig(name="bench", features=CATALOGUES), bars)
    data = TrainingData.prepare(bars, features, config)
    runs = {name: prequential(data, name, config) for name in RECIPES}
    rules = rules_gain(data, config)
    figures = {
        name: {
            "loss": rounded(run.loss.mean()),
            "sharpe": rounded(sharpe(run.gain)),
            "seconds": round(run.seconds, 2),
        }
        for name, run in runs.items()
    }
    row = {
        "kind": market.kind,
        "market": market.name,
        "rows": len(bars),
        "rules_sharpe": rounded(sharpe(rules)),
        "recipes": figures,
    }
    if market.kind == "real":
        row["intervals"] = [over_time(pair, runs, rules) for pair in pairs_of(row)]
    return row


def over_time(pair: Pair, runs: dict[str, Run], rules: np.ndarray) -> dict[str, Any]:
    """Intervals of one market alone."""
    one = runs[pair.recipe]
    if pair.against == RULES:
        return {"sharpe": by_blocks(one.gain, rules, sharpe), "loss": None}
    other = runs[pair.which]
    loss = by_blocks(-one.loss, -other.loss, lambda x: x.mean(axis=-1))
    return {"sharpe": by_blocks(one.gain, other.gain, sharpe), "loss": loss}


def main() -> None:
    """Measure what is missing, and print what all of it says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--only-summary", action="store_true")
    asked = parser.parse_args()
    done = {(row["kind"], row["market"]) for row in read_results(asked.results)}
    for market in () if asked.only_summary else markets(asked.worlds):
        if (market.kind, market.name) in done:
            continue
        row = measure(market)
        with asked.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
        print(market.kind, market.name, sum(r["seconds"] for r in row["recipes"].values()),
              flush=True)  # fmt: skip
    for o in summarise(read_results(asked.results)):
        print(
            f"{o.kind:8} {o.recipe:24} over {o.against:20} better in {o.better} of {o.markets}: "
            f"Sharpe {o.sharpe[0]:+.2f} [{o.sharpe[1]:+.2f}, {o.sharpe[2]:+.2f}]  "
            f"{o.percent[0]:+.0f} % [{o.percent[1]:+.0f}, {o.percent[2]:+.0f}]  "
            f"loss saved {o.loss[0]:+.4f} [{o.loss[1]:+.4f}, {o.loss[2]:+.4f}]"
        )


if __name__ == "__main__":
    main()
