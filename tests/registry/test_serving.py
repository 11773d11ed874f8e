"""A process that serves: what it imports, and how much memory it holds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgekeeper.models.learners.trees import FlatTrees, Split, tree_graph

RELEASED = Path(__file__).parent.parent / "models" / "released" / "0.1.0" / "lightgbm"
HEAVY = ("lightgbm", "xgboost", "sklearn", "torch", "pandas", "onnx", "mlflow", "optuna", "shap")

_SERVE = """
import json, sys
import numpy as np
from edgekeeper.bars import Bars
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.registry import Package
package = Package.load(sys.argv[1])
days = np.arange(300)
close = 100 + np.cumsum(np.sin(days))
bars = Bars.from_arrays(
    event_time=(days + 1) * 86_400_000_000_000, symbol=["A"] * 300, open=close, high=close + 1,
    low=close - 1, close=close, volume=np.ones(300),
)
matrix = FeatureSet(package.features).matrix(bars)
forecasts = package.forecast(matrix, evaluate(package.manifest.volatility, bars))
with open("/proc/self/status") as file:
    kilobytes = {line.split(":")[0]: line.split()[1] for line in file if line.startswith("VmRSS")}
print(json.dumps({
    "imported": sorted(set(sys.argv[2].split(",")) & set(sys.modules)),
    "megabytes": int(kilobytes["VmRSS"]) // 1024,
    "finite": bool(np.isfinite(forecasts.probability[-1]).all()),
}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_engine_and_package_alone():
    done = subprocess.run(
        [sys.executable, "-c", _SERVE, str(RELEASED), ",".join(HEAVY)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["imported"] == []
    assert figures["finite"]
    assert figures["megabytes"] < 320


_LOAD = """
import sys
from pathlib import Path
from edgekeeper.models.inference import Graph
small, large = (Path(path).read_bytes() for path in sys.argv[1:])
def resident():
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmRSS"))
first = Graph(small, 60)  # libraries and kernels are there from now on
before = resident()
second = Graph(large, 60)
print((resident() - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_loading_took_is_given_back(tmp_path):
    for name, count in (("small", 1), ("large", 1_000)):
        trees = FlatTrees()
        for tree in range(count):
            trees.add(_full(tree, 6))
        (tmp_path / name).write_bytes(tree_graph(trees, 60))
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(tmp_path / "small"), str(tmp_path / "large")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 25  # at its height it takes more than forty


def _full(tree, depth):
    if depth == 0:
        return float(tree % 7) / 7
    half = _full(tree + 1, depth - 1)
    return Split(
        (tree + depth) % 60, depth / 10, True, half, -half if isinstance(half, float) else half
    )
