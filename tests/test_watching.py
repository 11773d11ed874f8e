"""Faults between the trading loop and its watch: whichever dies, freezes or goes blind."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import numpy as np
import pytest

from edgekeeper.build import PaperWanted, paper
from edgekeeper.config import parse_config
from edgekeeper.ledger import Ledger
from edgekeeper.ledger.commands import write_command
from edgekeeper.running import Blank
from edgekeeper.watch import last_beat

SETTINGS = """
lines = []
[watch]
heartbeat_seconds = 0.1
dead_after_seconds = 0.6
"""
PATIENCE = 30.0


@pytest.fixture
def wanted(tmp_path):
    """A folder with three hundred minutes of bars until now."""
    folder = tmp_path / "bars"
    folder.mkdir()
    last = int(time.time()) // 60 * 60 - 60
    prices = 100 * np.exp(np.cumsum(0.001 * np.random.default_rng(0).standard_normal(301)))
    rows = ["timestamp,symbol,open,high,low,close,volume"]
    for k in range(300):
        at = datetime.fromtimestamp(last - 60 * (300 - k), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        open_, close = prices[k], prices[k + 1]
        rows.append(f"{at},A/USD,{open_},{max(open_, close)},{min(open_, close)},{close},1")
    (folder / "a.csv").write_text("\n".join(rows) + "\n")
    return PaperWanted(f"folder:{folder}", ("A/USD",), "1m", 0.15)


class Script:
    """Stops a run when its acts are through; each is a generator's step, waited for."""

    def __init__(self, out, acts):
        self.out, self.acts, self.until = out, acts, time.monotonic() + PATIENCE
        self.waiting = None
        self.live = None

    def told(self, live, poller):
        self.live = live

    def __call__(self):
        assert time.monotonic() < self.until, "took too long"
        while self.waiting is None or self.waiting():
            try:
                self.waiting = next(self.acts)
            except StopIteration:
                return True
        return False


def run(tmp_path, wanted, acts, settings=SETTINGS, **more):
    out = tmp_path / "run"
    script = Script(out, acts(out))
    config = parse_config(settings) if settings else None
    return paper(
        wanted, config, out=out, screen=Blank(), stop=script, told=script.told,
        patience_seconds=0.05, **more,
    )  # fmt: skip


def obeyed(out):
    with Ledger.open(out / "ledger.sqlite", read_only=True) as ledger:
        return ledger.read("obeyed", ["kind", "actor", "outcome", "reason"]).rows()


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_a_watch_that_falls_silent_stops_trading_and_a_resume_does_not_outlive_it(
    tmp_path, wanted, fault
):
    seen = {}

    def acts(out):
        watch = last_beat(out, "watch")
        assert watch.state == "alive"
        assert obeyed(out) == []
        seen["pid"] = watch.pid
        os.kill(watch.pid, fault)
        began = time.monotonic()
        yield lambda: len(obeyed(out)) == 1
        seen["seconds"] = time.monotonic() - began
        with Ledger.open(out / "ledger.sqlite") as ledger:
            write_command(ledger, "resume", wall_time_ns=1, actor="anna", reason="to see")
        yield lambda: len(obeyed(out)) >= 3

    end = run(tmp_path, wanted, acts)
    assert (end.halted, end.standing) == (True, "HALTED")
    assert 0.2 < seen["seconds"] < 5.0
    assert gone(seen["pid"]), "not even a frozen one is left behind"
    rows = obeyed(tmp_path / "run")
    assert [row[:3] for row in rows] == [
        ("kill", "watchdog", "done"), ("resume", "anna", "done"), ("kill", "watchdog", "done")
    ]  # fmt: skip
    assert f"process {seen['pid']}" in rows[0][3]
    alerts = (tmp_path / "run" / "alerts.log").read_text()
    assert "guard_halt" in alerts
    assert "trade_dead" not in alerts

    again = run(tmp_path, wanted, lambda out: iter(()), settings=None)
    assert again.halted, "lived again, halt and all, with a watch that is well"
    assert len(obeyed(tmp_path / "run")) == 3


def test_a_killed_loop_is_noticed_leaves_no_orphan_and_goes_on_halted(tmp_path, wanted):
    """The loop as a process of its own, killed: the watch notices, records, and ends too."""
    out, config = tmp_path / "run", tmp_path / "config.toml"
    config.write_text(SETTINGS)
    loop = subprocess.Popen(
        [sys.executable, "-m", "edgekeeper", "paper", "--source", wanted.source, "--symbols",
         "A/USD", "--interval", "1m", "--history", "0.15", "--config", config, "--out", out],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until = time.monotonic() + PATIENCE
        while not (trade := last_beat(out, "trade")) or trade.state != "alive":
            assert time.monotonic() < until
            assert loop.poll() is None
            time.sleep(0.05)
        watch = last_beat(out, "watch")
    finally:
        loop.kill()
        loop.wait()
    until = time.monotonic() + PATIENCE
    while not gone(watch.pid):
        assert time.monotonic() < until, "an orphan"
        time.sleep(0.05)
    with Ledger.open(out / "ledger.sqlite", read_only=True) as ledger:
        commands = ledger.read("commands", ["kind", "actor", "reason"]).rows()
        alerts = ledger.read("alerts", ["rule", "severity"]).rows()
    assert [row[:2] for row in commands] == [("kill", "watch")]
    assert f"process {loop.pid}" in commands[0][2]
    assert ("trade_dead", "critical") in alerts
    told = [json.loads(line) for line in (out / "alerts.log").read_text().splitlines()]
    assert told[-1]["runbook"] == "docs/runbooks.md#trade-dead"

    end = run(tmp_path, wanted, lambda out: iter([lambda: len(obeyed(out)) == 1]), settings=None)
    assert end.halted
    assert obeyed(out)[0][:3] == ("kill", "watch", "done")


def test_a_young_sign_of_life_of_a_watch_that_was_killed_deceives_nobody(tmp_path, wanted):
    """Restarted at once: the file of the last watch is younger than what counts as dead."""
    settings = SETTINGS.replace("0.6", "20")
    pids = []

    def acts(out):
        pids.append(last_beat(out, "watch").pid)
        yield from ()

    assert not run(tmp_path, wanted, acts, settings).halted
    assert gone(pids[0])
    assert last_beat(tmp_path / "run", "watch").age_seconds() < 20
    assert not run(tmp_path, wanted, acts, None).halted
    assert pids[1] != pids[0]


def test_without_a_watch_trading_goes_on_and_a_run_that_ends_well_is_no_death(tmp_path, wanted):
    began = time.monotonic()
    end = run(tmp_path, wanted, lambda out: iter(()), watched=False)
    assert not end.halted
    assert last_beat(tmp_path / "run", "watch") is None
    assert last_beat(tmp_path / "run", "trade").state == "stopped"
    assert time.monotonic() - began < PATIENCE
    kept = json.loads((tmp_path / "run" / "local.json").read_text())
    assert kept["watch"]["dead_after_seconds"] == 0.6
