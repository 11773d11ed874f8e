"""Walk-forward of a LightGBM model: 20 windows of 50,112 rows × 60 features, 200 trees.

Beside FreqAI's own back-test at equal settings, where `--peer-python` names an interpreter that has
freqtrade with FreqAI (`pip install freqtrade datasieve scikit-learn lightgbm xgboost-cpu`), and
beside fits of which each bins its own window. Ours bins the table once, with the edges of the first
window: bin edges only come from the past. On more than one thread it fits as many windows side by
side, each on one; the others fit window after window on all threads.

    python benchmarks/walk_forward.py [--peer-python PEERS] [--folds 20] [--threads 1] [--json]

Times of the processor are reported beside those of the clock: they hold on a busy machine. Hits are
the share of later rows whose side was forecast right, to see that all do the same work.
"""

import argparse
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from edgekeeper.models.learners import LightGBM, share_windows, side_by_side
from edgekeeper.testing.learners import market_like
from edgekeeper.types import Fitted, TrainingRows

A_DAY = 288
WINDOW_DAYS, STEP_DAYS, FEATURES, TREES = 174, 4, 60, 200
USUAL = LightGBM(
    rounds=TREES, learning_rate=0.1, depth=10, row_share=1.0, feature_share=1.0, bins=255,
    rows_per_leaf=20, child_weight=0.001, ridge=0.0,
)  # fmt: skip
SETTINGS = {"LightGBM's defaults": USUAL, "Edgekeeper's defaults": LightGBM(rounds=TREES)}
OURS_ALONE = ("deterministic", "force_row_wise", "bin_construct_sample_cnt")
"""How the library works, not what it fits: left to each side."""


def windows(folds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit on, and those after them to forecast."""
    fitted, step = WINDOW_DAYS * A_DAY, STEP_DAYS * A_DAY
    for fold in range(folds):
        begin = fold * step
        yield (
            np.arange(begin, begin + fitted),
            np.arange(begin + fitted, begin + fitted + step),
        )


def walked(
    table: TrainingRows, folds: int, ready: Callable[[np.ndarray], Callable[[], Fitted]], jobs: int
) -> dict:
    """Fit and forecast window after window, some side by side."""

    def hit(later: np.ndarray, fit: Callable[[], Fitted]) -> float:
        score = fit().score(table.features[later])
        return ((score > 0.0) == (table.target[later] > 0.5)).mean()

    wall, cpu = time.perf_counter(), time.process_time()
    tasks = (partial(hit, later, ready(place)) for place, later in windows(folds))
    hits = list(side_by_side(tasks, jobs))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall_s": wall, "cpu_s": cpu, "hits": float(np.mean(hits))}


def ours(learner: LightGBM, table: TrainingRows, folds: int, jobs: int) -> dict:
    """Bin once, and fit windows side by side."""
    ones = np.ones(len(table))
    shared = share_windows(learner, table)
    return walked(
        table, folds, lambda place: shared.ready(place, ones, validation=None, seed=1), jobs
    )


def alone(learner: LightGBM, table: TrainingRows, place: np.ndarray) -> Callable[[], Fitted]:
    """Fit a window of its own."""
    return partial(learner.fit, table.take(place), validation=None, seed=1)


def freqai(python: str, learner: LightGBM, table: TrainingRows) -> dict:
    """Run the same in FreqAI."""
    options = learner.options(WINDOW_DAYS * A_DAY, 1) | {"n_estimators": learner.rounds}
    for name in OURS_ALONE:
        del options[name]
    settings = {"window_days": WINDOW_DAYS, "step_days": STEP_DAYS, "lightgbm": options}
    threads = {"OMP_NUM_THREADS": str(learner.threads)}
    with tempfile.TemporaryDirectory() as folder:
        bars, asked = Path(folder) / "table.npz", Path(folder) / "settings.json"
        np.savez(bars, features=table.features, target=table.target)
        asked.write_text(json.dumps(settings))
        script = str(Path(__file__).with_name("walk_forward_peer.py"))
        clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        done = subprocess.run(
            [python, script, str(bars), str(asked)],
            capture_output=True, text=True, check=False, env=clean | threads,
        )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"FreqAI did not run:\n{done.stderr[-2000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    if found["forecasts"] != len(table) - WINDOW_DAYS * A_DAY:
        raise SystemExit(f"FreqAI forecast {found['forecasts']} rows only")
    return found


def main() -> None:
    """Time each of them in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer-python", default="")
    parser.add_argument("--folds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1, help="of all sides; one leaves a core")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = (WINDOW_DAYS + STEP_DAYS * asked.folds) * A_DAY
    table = market_like(rows, FEATURES, edge=0.3)
    np.nan_to_num(table.features, copy=False)  # FreqAI leaves out rows with a gap
    warm = LightGBM(rounds=1)
    warm.fit(table.take(np.arange(1_000)), validation=None, seed=1)
    found: dict[str, dict[str, dict]] = {}
    for name, settings in SETTINGS.items():
        learner = replace(settings, threads=asked.threads)
        runs = {
            "Edgekeeper": ours(replace(settings, threads=1), table, asked.folds, asked.threads),
            "each bins its own": walked(table, asked.folds, partial(alone, learner, table), 1),
        }
        if asked.peer_python:
            runs["FreqAI"] = freqai(asked.peer_python, learner, table)
        found[name] = runs
        for who, run in runs.items() if not asked.json else ():
            ratio = run["cpu_s"] / runs["Edgekeeper"]["cpu_s"]
            print(
                f"{name:22} {who:18} {run['cpu_s']:6.1f} s of processor, {run['wall_s']:6.1f} s by "
                f"the clock, {ratio:4.2f} x, hits {run['hits']:.4f}",
                flush=True,
            )
    if asked.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
