"""``paper`` from a folder of files, with refits by the clock in a process of their own."""

import json
import time

import numpy as np
import polars as pl

from edgekeeper.build import PaperWanted, audit, paper
from edgekeeper.clock import ManualClock
from edgekeeper.config import Config, GatesConfig, LineConfig, RefitsConfig
from edgekeeper.ledger import Ledger
from edgekeeper.running import Blank

HOUR = 3_600 * 10**9
START = 1_700_006_400 * 10**9
LINE = LineConfig(
    name="linear", learner="logistic", features=("returns",), min_bars=200, refit_epochs=1
)
CONFIG = Config(
    epoch="bar",
    gates=GatesConfig(min_samples=10, max_auc=0.999, max_sharpe=100.0, veto_errors=50.0),
    lines=(LINE,),
    refits=RefitsConfig(schedule="clock", max_age_hours=4, recent_bars=120),
)


def hours(count):
    """Bars of an hour of a pair that trades around the clock, as a file."""
    steps = np.random.default_rng(1).normal(0, 0.01, count)
    close = 100 * np.exp(np.cumsum(steps))
    opened = np.append(100.0, close[:-1])
    times = (START + HOUR * np.arange(count)).astype("datetime64[ns]")
    return pl.DataFrame(
        {
            "time": pl.Series(times).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "open": opened,
            "high": np.maximum(opened, close) * 1.001,
            "low": np.minimum(opened, close) * 0.999,
            "close": close,
            "volume": 1_000.0 + np.arange(count) % 7,
        }
    )


def live(folder, clock, *, adopted):
    """Let a run go on until so many fits were adopted."""
    seen = []

    def told(run, poller):
        seen[:] = run.ledger.read("obeyed", where={"kind": "adopt"})["subject"].to_list()

    def sleep(seconds):
        clock.advance_to(clock.now_ns() + max(round(seconds * 1e9), HOUR // 2))
        time.sleep(0.1)

    wanted = PaperWanted(f"folder:{folder / 'files'}", ("A/USD",), "1h")
    end = paper(
        wanted, CONFIG, out=folder / "run", screen=Blank(), stop=lambda: len(seen) >= adopted,
        told=told, clock=clock, sleep=sleep, patience_seconds=3_600.0,
    )  # fmt: skip
    return end, seen


def test_a_run_refits_by_the_clock_beside_its_trading_and_an_audit_proves_it(tmp_path):
    (tmp_path / "files").mkdir()
    hours(1_500).write_csv(tmp_path / "files" / "A%2FUSD.csv")
    clock = ManualClock(START + 400 * HOUR)
    _, first = live(tmp_path, clock, adopted=2)
    end, both = live(tmp_path, clock, adopted=2)
    assert both == first
    with Ledger.open(tmp_path / "run" / "ledger.sqlite", read_only=True) as ledger:
        asked = ledger.read("obeyed", where={"actor": "schedule"})
        fits = ledger.read("packages")
        bars = ledger.read("stretches", where={"kind": "bars"})
    assert set(asked["kind"]) == {"refit"}
    assert "the newest fit is older than 4 hours" in asked["reason"].to_list()
    assert bars.height > 5
    wished = [json.loads(text).get("wished") for text in fits["metrics_json"].to_list()]
    assert wished[0] is None
    assert {"window": "recent"} in wished
    told = json.loads((tmp_path / "run" / "models" / "training_metrics.json").read_text())
    assert [one["package"] for one in told["lines"]["linear"]] == fits["hash"].to_list()
    assert told["lines"]["linear"][0]["lift"] is None
    assert abs(told["lines"]["linear"][1]["lift"]["share"]) < 1
    proved = audit(tmp_path / "run")
    assert proved.head == end.ledger
    assert proved.replayed["learn"] == fits.height
