"""The real command line in this process, in a folder of its own, and small real files of bars."""

import json
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from edgekeeper.__main__ import app
from edgekeeper.market import load_bars

FITTED = """
labels.horizon_bars = 3
gates.min_samples = 10
[[lines]]
name = "linear"
learner = "logistic"
features = ["returns"]
min_bars = 60
refit_epochs = 40
"""


@dataclass(frozen=True)
class Done:
    """How a command ended; ``err`` in one line, however wide the terminal."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


def invoke(*words, input=None):
    result = CliRunner().invoke(app(), [str(word) for word in words], input=input)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, " ".join(result.stderr.split()))


@pytest.fixture
def edgekeeper(tmp_path, monkeypatch):
    """Run a command in an empty folder: ``edgekeeper("replay", "--bars", file)``."""
    monkeypatch.chdir(tmp_path)
    return invoke


@pytest.fixture(scope="session")
def frame():
    """Two stocks, 150 days, in the columns people's files have."""
    bars = load_bars("bundled", ["IBM", "MSFT"]).bars.rows(0, 300).to_polars()
    return bars.select(
        pl.col("timestamp").dt.date().alias("Date"),
        "symbol",
        *(pl.col(name).alias(name.title()) for name in ("open", "high", "low", "close", "volume")),
    )


@pytest.fixture
def bars_csv(frame, tmp_path):
    frame.write_csv(tmp_path / "bars.csv")
    return tmp_path / "bars.csv"


@pytest.fixture(scope="session")
def fitted(frame, tmp_path_factory):
    """Folder of a run that fitted models, with the bars and the configuration it had."""
    folder = tmp_path_factory.mktemp("fitted")
    frame.write_csv(folder / "bars.csv")
    (folder / "small.toml").write_text(FITTED)
    run = folder / "run"
    done = invoke(
        "replay", "--bars", folder / "bars.csv", "--config", folder / "small.toml", "--out", run,
        "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json["refits"] >= 2
    return Path(run)
