"""The whole loop: seconds for a default replay, and microseconds from a bar to its decision.

``python benchmarks/replay.py [--json]``. Peer for the live path: the same forecast through the
learner's own library, which is what a bot without packages would call.
"""

import argparse
import json
import time

import numpy as np


def replay_seconds() -> dict[str, float]:
    from edgekeeper.build import replay
    from edgekeeper.worlds import make_world

    world = make_world("planted", seed=10_000, net_sharpe=6.0)
    began = time.perf_counter()
    replay(make_world("noise", seed=10_001, bars=60).bars)  # compile or load kernels
    warm_up = time.perf_counter() - began
    began = time.perf_counter()
    summary = replay(world.bars).summary
    return {
        "kernels_seconds": warm_up,
        "replay_seconds": time.perf_counter() - began,
        "bars": summary["bars"],
        "refits": summary["refits"],
    }


def bar_to_decision(symbols: int = 8, bars: int = 1500, timed: int = 900) -> dict[str, float]:
    from edgekeeper.config import Config
    from edgekeeper.features import FeatureSet
    from edgekeeper.simulator import Book, MarketFeed, book_parameters
    from edgekeeper.workbench import train
    from edgekeeper.worlds import make_world

    config = Config()
    market = make_world("planted", seed=10_000, symbols=symbols, bars=bars).bars
    package = train(market).package
    features = FeatureSet({**package.features, "volatility_": package.manifest.volatility})
    stream = features.stream(market.symbols)
    book = Book(book_parameters(config, periods_per_year=252, virtual=False), symbols, config.cash)
    book.use_model(True)
    took = []
    for t in range(bars):
        one = market.rows(t * symbols, (t + 1) * symbols)
        began = time.perf_counter_ns()
        rows = stream.update(one)
        volatility = rows[:, -1].astype(np.float64)
        forecasts = package.forecast(rows[:, :-1], volatility)
        feed = MarketFeed(one, volatility, np.zeros(symbols, np.int8), max_age_ns=10**12)
        book.step(feed.chunk(0, 1, forecasts))
        took.append((time.perf_counter_ns() - began) / 1e3)
    last = np.array(took[-timed:])
    return {
        "bar_to_decision_p50_us": float(np.percentile(last, 50)),
        "bar_to_decision_p99_us": float(np.percentile(last, 99)),
        "symbols": symbols,
        "features": len(features),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = {**replay_seconds(), **bar_to_decision()}
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:24} {value:12,.1f}")


if __name__ == "__main__":
    main()
