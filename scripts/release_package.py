"""Record small real packages with their forecasts, for later releases to load and compare.

    python scripts/release_package.py

Run once a release, after its version was set. What it writes to tests/models/released/VERSION/ is
never written again: ``tests/models/test_released.py`` loads every one of them.
"""

import shutil
import tempfile
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy._core._multiarray_umath import __cpu_features__ as processor

from edgekeeper.bars import Bars
from edgekeeper.config import Config, GatesConfig
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.workbench import train
from edgekeeper.worlds import make_world

ROOT = Path(__file__).resolve().parent.parent / "tests" / "models" / "released"
LEARNERS = {"lightgbm": ("returns",), "logistic": ("returns",)}
LAST_BARS = 320
"""Of all symbols together: enough for the longest window, and then some."""
LAST_FORECASTS = 40


def main() -> None:
    """Train a package a learner in a seeded world; write down what they forecast on its end."""
    folder = ROOT / version("edgekeeper")
    folder.mkdir(parents=True)
    bars = make_world("planted", seed=6, symbols=2, bars=600).bars
    config = Config(gates=GatesConfig(min_samples=20))
    late = bars.rows(len(bars) - LAST_BARS, len(bars))
    recorded: dict[str, np.ndarray] = {
        "processor": np.array(sorted(name for name, has in processor.items() if has)),
        **columns_of(late),
    }
    for learner, features in LEARNERS.items():
        with tempfile.TemporaryDirectory() as draft:
            trained = train(bars, learner=learner, features=features, config=config, out=draft)
            shutil.copytree(str(trained.folder), folder / learner)
        package = trained.package
        matrix = FeatureSet(package.features).matrix(late)
        volatility = evaluate(package.manifest.volatility, late)
        forecasts = package.forecast(matrix, volatility)
        digest = sha256(np.ascontiguousarray(matrix).tobytes()).hexdigest()
        recorded[f"{learner}.features"] = np.array(digest)
        recorded[f"{learner}.score"] = package.score(matrix)[-LAST_FORECASTS:]
        for name in forecasts.__dataclass_fields__:
            recorded[f"{learner}.{name}"] = getattr(forecasts, name)[-LAST_FORECASTS:]
    np.savez_compressed(folder / "recorded.npz", **recorded)


def columns_of(bars: Bars) -> dict[str, np.ndarray]:
    """Bars as columns that any version can read back."""
    frame = bars.to_polars().select("timestamp", "symbol", "open", "high", "low", "close", "volume")
    columns = {name: frame[name].to_numpy() for name in frame.columns[2:]}
    stamps = frame["timestamp"].dt.epoch("ns").to_numpy()
    symbols = np.array(frame["symbol"].to_list())
    return {"timestamp": stamps, "symbol": symbols, **columns}


if __name__ == "__main__":
    main()
