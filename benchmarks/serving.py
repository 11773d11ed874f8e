"""Resident memory of a trading process: live features, the package of a vote, an idle API.

A package is trained and written here; a fresh interpreter then opens the stream of the default
feature sets for eight symbols, loads the package, forecasts bar by bar, starts FastAPI under
uvicorn where they are installed, and says what it holds.

    python benchmarks/serving.py [--json]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

VOTE = {
    "members": "lightgbm, xgboost, random_forest",
    "weights": "",
    "settings": "lightgbm.rounds = 500, xgboost.rounds = 500, random_forest.trees = 300",
}
FORBIDDEN = ("lightgbm", "xgboost", "sklearn", "torch", "pandas", "onnx")
SYMBOLS, BARS = 8, 1_000


def resident_mb() -> float:
    """Resident memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    raise SystemExit("expected VmRSS in /proc/self/status: this needs Linux")


def make_package(folder: Path) -> str:
    """Train a vote on the default features of generated bars, and write its package."""
    import numpy as np
    from classical import make_bars

    from edgekeeper.config import LineConfig
    from edgekeeper.features import FeatureSet
    from edgekeeper.models import (
        LEARNERS,
        DataWindow,
        Lineage,
        Model,
        Outcomes,
        Provenance,
        Reference,
        build_package,
        fit_heads,
    )
    from edgekeeper.registry import Registry
    from edgekeeper.types import TrainingRows

    bars = make_bars(SYMBOLS, BARS)
    wanted = FeatureSet.from_catalogue(*LineConfig.model_fields["features"].default)
    features, _ = wanted.available(bars)
    rows = features.matrix(bars)
    random = np.random.default_rng(0)
    target = (random.random(len(rows)) < 0.5).astype(float)
    learner = LEARNERS["vote"](**VOTE)
    fitted = learner.fit(TrainingRows.of(rows, target, np.ones(len(rows))), validation=None, seed=1)
    held = np.full(len(rows), 0.01)
    net = random.standard_normal((len(rows), 2)) * 0.01
    outcomes = Outcomes(net, (net < 0).astype(float), np.full(net.shape, 5.0))
    model = Model(
        features=dict(features.expressions),
        volatility="std(ret(close, 1), 20)",
        fitted=fitted,
        heads=fit_heads(fitted.score(rows), held, outcomes, np.ones(len(rows)), horizon=10),
        reference=Reference.fit(rows),
        learner="vote",
        parameters=learner.parameters(),
        seed=1,
    )
    provenance = Provenance(
        created_at=10**18,
        code_version="0.1.0",
        lineage=Lineage("line-1", refit=0, parent=None),
        data=DataWindow(10**18, 2 * 10**18, len(rows), bars.symbols, "cd" * 32),
        labels={"horizon": 10},
        op_versions={},
        metrics={},
        gates={},
    )
    package = build_package(model, provenance, features=rows, volatility=held)
    Registry(folder).save(package)
    return package.hash


def serve(folder: Path, hash: str) -> dict[str, object]:
    """Be the trading process; return megabytes after each step."""
    import numpy as np

    from edgekeeper.features import FeatureSet
    from edgekeeper.registry import Registry

    steps: dict[str, object] = {"numpy and edgekeeper": resident_mb()}
    package = Registry(folder).load(hash)
    steps["package loaded"] = resident_mb()
    stream = FeatureSet(package.features).stream([f"S{k}" for k in range(SYMBOLS)])
    random, volatility = np.random.default_rng(0), np.full(SYMBOLS, 0.01)
    for _ in range(300):
        inputs = 50.0 + random.random((len(stream.columns), SYMBOLS))
        forecasts = package.forecast(stream.push(inputs), volatility)
    steps["300 bars forecast"] = resident_mb()
    assert np.isfinite(forecasts.probability).all()
    steps["API"] = serve_once()
    steps["forbidden imported"] = [name for name in FORBIDDEN if name in sys.modules]
    return steps


def serve_once() -> float | None:
    """Megabytes once an API under uvicorn has come up; None where it is not installed."""
    try:
        import uvicorn
        from fastapi import FastAPI
    except ImportError:
        return None
    import asyncio

    api = FastAPI()

    @api.get("/health")
    def health() -> dict[str, str]:
        return {"status": "alive"}

    async def idle() -> float:
        server = uvicorn.Server(uvicorn.Config(api, port=0, log_level="critical"))
        running = asyncio.create_task(server.serve())
        await asyncio.sleep(0.5)
        held = resident_mb()
        server.should_exit = True
        await running
        return held

    return asyncio.run(idle())


def measure() -> dict[str, object]:
    """Train here, serve in a fresh interpreter: twice, as kernels are compiled the first time."""
    with tempfile.TemporaryDirectory() as folder:
        hash = make_package(Path(folder))
        # -P: files beside this one must not stand in for libraries of the same name.
        command = [sys.executable, "-P", __file__, "--serve", folder, hash]
        for _ in range(2):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(done.stderr)
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", nargs=2, metavar=("FOLDER", "HASH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        print(json.dumps(serve(Path(options.serve[0]), options.serve[1])))
        return
    found = measure()
    if options.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:24} {value}")


if __name__ == "__main__":
    main()
