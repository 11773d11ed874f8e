"""What one forecast costs, learner by learner: the packaged graph beside the library itself.

One row of 60 float32 features, one thread; then 1,000 rows at once, a row. The library's figure is
a call of its scikit-learn classifier, as a bot would make it; for the vote, of all three. Both
sides are checked to agree. Then what a trading process with that vote holds, see ``serving.py``.

    python benchmarks/models.py [--rounds 2000] [--only lightgbm,xgboost,memory] [--json]
"""

import argparse
import json
import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import serving
from serving import VOTE

from edgekeeper.models import LEARNERS, look_back_of
from edgekeeper.models.estimators import wrap
from edgekeeper.models.inference import Graph
from edgekeeper.testing.learners import market_like

FEATURES, TRAINED, BATCH = 60, 5_000, 1_000
RECIPES: dict[str, dict[str, Any]] = {
    "lightgbm": {"rounds": 500},
    "xgboost": {"rounds": 500},
    "gradient_boosting": {"rounds": 500},
    "random_forest": {"trees": 300},
    "vote": VOTE,
}
GOALS_US = {"lightgbm": (25.0, 60.0), "lstm": (60.0, math.inf), "vote": (120.0, 250.0)}
GOAL_CHEAPER = 10.0


@dataclass(frozen=True)
class Figures:
    """Microseconds."""

    learner: str
    settings: str
    fit_s: float
    p50: float
    p99: float
    a_row_of_1000: float
    times_cheaper: float
    library_p50: float | None
    largest_difference: float


def percentiles(call: Callable[[Any], object], rows: np.ndarray, rounds: int) -> tuple[float, ...]:
    """Median and 99th percentile of single-row calls, each another row."""
    times = np.empty(rounds)
    for i in range(-rounds // 10, rounds):
        row = rows[i % len(rows)][None, :]
        began = time.perf_counter_ns()
        call(row)
        times[max(i, 0)] = time.perf_counter_ns() - began
    return tuple(np.percentile(times / 1e3, (50, 99)).tolist())


def classifiers(name: str) -> list[Any]:
    """The libraries' own classifiers of the same size."""
    names = VOTE["members"].split(", ") if name == "vote" else [name]
    return [each for each in map(classifier, names) if each is not None]


def classifier(name: str) -> Any:
    """The library's own classifier of the same size, or None."""
    if name == "lightgbm":
        from lightgbm import LGBMClassifier

        return LGBMClassifier(n_estimators=500, max_depth=3, verbose=-1, n_jobs=1)
    if name == "xgboost":
        from xgboost import XGBClassifier

        return XGBClassifier(n_estimators=500, max_depth=3, n_jobs=1)
    if name == "gradient_boosting":
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(max_iter=500, max_depth=3, early_stopping=False)
    if name == "random_forest":
        from sklearn.ensemble import RandomForestClassifier

        return RandomForestClassifier(300, max_depth=6, min_samples_leaf=100, max_features=9)
    return None


def measure(name: str, rounds: int) -> Figures:
    """Fit one learner on planted rows, and time both sides."""
    settings = RECIPES.get(name, {})
    columns = FEATURES * look_back_of(LEARNERS[name])
    known = market_like(TRAINED, columns, edge=0.5)
    rows = market_like(10_000, columns, seed=5).features
    began = time.perf_counter()
    fitted = LEARNERS[name](**settings).fit(known, validation=None, seed=1)
    fit_s = time.perf_counter() - began
    graph = Graph(fitted.to_onnx(columns), columns)
    difference = float(np.abs(graph.score(rows) - fitted.score(rows)).max())
    assert difference < 1e-6, (name, difference)
    p50, p99 = percentiles(graph.score, rows, rounds)
    batches = []
    for i in range(20):
        began = time.perf_counter()
        graph.score(rows[i % 10 * BATCH : (i % 10 + 1) * BATCH])
        batches.append((time.perf_counter() - began) / BATCH * 1e6)
    library = None
    if theirs := [wrap(each).fit(known, validation=None, seed=1) for each in classifiers(name)]:
        asked = [each._estimator.predict_proba for each in theirs]
        library = percentiles(lambda row: [ask(row) for ask in asked], rows.astype(np.float64), 30)[
            0
        ]
    words = (
        ", ".join(f"{k} {v}" for k, v in settings.items() if not isinstance(v, str)) or "defaults"
    )
    cheaper = p50 / min(batches)
    return Figures(name, words, fit_s, p50, p99, min(batches), cheaper, library, difference)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    names = [name for name in options.only.split(",") if name] or [*LEARNERS, "memory"]
    table = [measure(name, options.rounds) for name in names if name != "memory"]
    memory = serving.measure() if "memory" in names else {}
    load = os.getloadavg()[0]
    if options.json:
        machine = {"processor": platform.processor() or platform.machine(), "load": load}
        print(
            json.dumps(
                {
                    "machine": machine,
                    "learners": [asdict(row) for row in table],
                    "resident_mb": memory,
                }
            )
        )
        return
    print(f"one row of {FEATURES} features a bar, microseconds; load {load:.1f}")
    for row in table:
        library = "" if row.library_p50 is None else f"   library {row.library_p50:8.0f}"
        goal = ""
        if row.learner in GOALS_US:
            goal = "   goal {:.0f} / {:.0f}".format(*GOALS_US[row.learner])
        print(
            f"{row.learner:18} {row.settings:12} p50 {row.p50:6.1f}   p99 {row.p99:6.1f}   "
            f"of 1,000 {row.a_row_of_1000:6.2f} ({row.times_cheaper:.1f} x cheaper; "
            f"goal {GOAL_CHEAPER:.0f})   fit {row.fit_s:5.1f} s{library}{goal}"
        )
    for name, value in memory.items():
        print(
            f"resident MB, {name}: {value}" if name != "forbidden imported" else f"{name}: {value}"
        )


if __name__ == "__main__":
    main()
