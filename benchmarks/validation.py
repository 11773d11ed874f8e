"""What validation costs beside the fits it judges: 10,000 signals, 15 combinatorial splits.

``python benchmarks/validation.py [--trees 200] [--json]``, in CPU seconds of one thread. The fits
are bare LightGBM; everything else that a careful validation does is counted as validation: purged
splits, forecasts of the unseen stretches, scores with intervals of each split and of each whole
path, the book that each path trades, figures by condition, and the probability of overfitting.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

SIGNALS, SYMBOLS, HORIZON = 10_000, 8, 10


class Watch:
    """CPU seconds by what they were spent on."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.spent[what] = self.spent.get(what, 0.0) + time.process_time() - began


def measure(trees: int) -> dict[str, float]:
    import lightgbm
    import polars as pl

    from edgekeeper.config import Config, LineConfig
    from edgekeeper.splits import CombinatorialPurged
    from edgekeeper.stats.overfitting import overfitting
    from edgekeeper.stats.resampling import TimeBlocks
    from edgekeeper.stats.score_resampling import score_intervals
    from edgekeeper.train import TrainingData, feature_set_of
    from edgekeeper.validate import evaluate_case
    from edgekeeper.validate.books import run_book
    from edgekeeper.workbench.cases import case_of
    from edgekeeper.worlds import make_world

    config = Config()
    bars = make_world("planted", seed=10_000, symbols=SYMBOLS, bars=SIGNALS // SYMBOLS + 60).bars
    data = TrainingData.prepare(bars, feature_set_of(LineConfig(name="x"), bars)[0], config)
    rows = data.known_rows(int(bars.instants[-1]))[-SIGNALS:]
    start, end = data.labels.start_time[rows], data.labels.end_time[rows]
    features, target = data.matrix[rows], data.labels.long_better[rows]
    frame = bars.to_polars().select("timestamp", "symbol", side=pl.lit("long"))
    frame = frame.with_columns(probability=pl.lit(0.5))
    plain = case_of(frame, bars, config)
    evaluate_case(plain, config)  # load every kernel before the clock runs
    splits = CombinatorialPurged(groups=6, test_groups=2)
    position = np.searchsorted(np.unique(start), start)
    blocks = TimeBlocks(int(position.max()) + 1, 2 * HORIZON)
    watch = Watch()
    forecasts = np.full((splits.get_n_splits(), len(rows)), math.nan)
    pairs = splits.split(start, end)
    for index in range(splits.get_n_splits()):
        with watch.on("splits"):
            train, test = next(pairs)
        with watch.on("fits"):
            booster = lightgbm.train(
                {"objective": "binary", "num_threads": 1, "verbosity": -1, "seed": 1,
                 "learning_rate": 0.05, "num_leaves": 31},
                lightgbm.Dataset(features[train], target[train]), trees,
            )  # fmt: skip
        with watch.on("forecasts"):
            forecasts[index, test] = booster.predict(features[test], num_threads=1)
        with watch.on("scores of splits"):
            score_intervals(target[test] > 0.5, forecasts[index, test], position[test], blocks)
    with watch.on("paths"):
        uses, group = splits.paths(), np.empty(len(rows), dtype=np.int64)
        for number, part in enumerate(np.array_split(np.argsort(start, kind="stable"), 6)):
            group[part] = number
        paths = [forecasts[use[group], np.arange(len(rows))] for use in uses]
        for path in paths:
            score_intervals(target > 0.5, path, position, blocks)
    gains = []
    with watch.on("books of paths"):
        for path in paths:
            gains.append(run_book(_case(plain, rows, path), config, "forecasts").gain)
    with watch.on("figures by condition"):
        evaluate_case(_case(plain, rows, paths[0]), config)
    with watch.on("overfitting"):
        overfitting(np.stack(gains, axis=1))
    spent = watch.spent
    others = sum(seconds for name, seconds in spent.items() if name != "fits")
    return {**spent, "validation": others, "share_of_fits": others / spent["fits"]}


def _case(plain: object, rows: np.ndarray, path: np.ndarray) -> object:
    """The case of one path: its forecasts in place of those the case was made with."""
    known = np.isfinite(path)
    probability = np.full_like(plain.probability, math.nan)
    probability[rows[known], 0], probability[rows[known], 1] = path[known], 1.0 - path[known]
    edge = np.where(np.isfinite(probability), probability - 0.5, math.nan)
    width = (plain.volatility * math.sqrt(HORIZON))[:, None]
    made = replace(
        plain.forecasts,
        probability=probability,
        expected_return=2.0 * edge * width,
        novelty=np.where(np.isfinite(edge[:, 0]), 0.0, math.nan),
    )
    return replace(plain, forecasts=made, probability=probability)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.trees)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        unit = "" if name == "share_of_fits" else " s"
        print(f"{name:24} {value:8.3f}{unit}")


if __name__ == "__main__":
    main()
