"""What all tests share: kernels may compile inside a test, which is no reason to call it slow."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("edgekeeper", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("edgekeeper")

_LIVED = """
epoch = "bar"
refits.process = false
gates = { min_samples = 10, max_auc = 0.999, max_sharpe = 100.0, veto_errors = 50.0 }
explain.store_above = 0.001
[[lines]]
name = "linear"
learner = "logistic"
features = ["returns", "volatility"]
min_bars = 150
refit_epochs = 60
"""


@pytest.fixture(scope="session")
def lived(tmp_path_factory):
    """Folder of a small live run that was stopped: two symbols by the hour, fits, trades."""
    return _live(tmp_path_factory.mktemp("lived"))


@pytest.fixture
def live_run(lived, tmp_path):
    """Return a copy of it that a test may give orders to."""
    return Path(shutil.copytree(lived, tmp_path / "run"))


def _live(folder):
    import numpy as np
    import polars as pl

    from edgekeeper.build import PaperWanted, paper
    from edgekeeper.clock import ManualClock
    from edgekeeper.config import parse_config
    from edgekeeper.running import Blank

    hour, start, seen = 3_600 * 10**9, 1_700_006_400 * 10**9, []
    (folder / "files").mkdir()
    for seed, name in enumerate(("A", "B")):
        close = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, 400)))
        opened = np.append(100.0, close[:-1])
        times = (start + hour * np.arange(400)).astype("datetime64[ns]").astype("datetime64[s]")
        pl.DataFrame(
            {
                "time": [f"{time}Z" for time in times],
                "open": opened,
                "high": np.maximum(opened, close) * 1.001,
                "low": np.minimum(opened, close) * 0.999,
                "close": close,
                "volume": 1_000.0 + np.arange(400) % 7,
            }
        ).write_csv(folder / "files" / f"{name}%2FUSD.csv")
    clock = ManualClock(start + 240 * hour)

    def sleep(seconds):
        clock.advance_to(clock.now_ns() + max(round(seconds * 1e9), hour // 2))

    paper(
        PaperWanted(f"folder:{folder / 'files'}", ("A/USD", "B/USD"), "1h"),
        parse_config(_LIVED), out=folder / "run", screen=Blank(), stop=lambda: len(seen) > 120,
        told=lambda live, poller: seen.append(live.now_ns), clock=clock, sleep=sleep,
        patience_seconds=3_600.0, watched=False,
    )  # fmt: skip
    return folder / "run"
