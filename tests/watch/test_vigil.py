"""The watch's own eyes and hands, on records written for it."""

import json
import os
import subprocess
import sys

import pytest

from edgekeeper.alerts import Fanout
from edgekeeper.config import Config, parse_config
from edgekeeper.errors import BadData, UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.watch import Heart, Vigil, keep_local, keep_vigil, last_beat, with_local
from edgekeeper.watch.heartbeat import heartbeat_file

MINE = "edgekeeper"


class Keeping:
    name = "keeping"

    def __init__(self):
        self.alerts = []

    def send(self, alert):
        self.alerts.append(alert)

    @property
    def rules(self):
        return [alert.rule for alert in self.alerts]


@pytest.fixture
def run(tmp_path):
    keep_local(
        tmp_path,
        parse_config("watch = { heartbeat_seconds = 0.05, dead_after_seconds = 0.2 }"),
    )
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger, ledger.transaction("trade") as tx:
        tx.append("runs", {"started_market_ns": 1, "run_id": "r", "config_hash": "c",
                           "config_json": [Config().model_dump(mode="json")],
                           "data_hash": "d"})  # fmt: skip
    return tmp_path


@pytest.fixture
def vigil(run):
    channel = Keeping()
    made = Vigil(run, channels=Fanout([channel]))
    made.heard = channel
    yield made
    made.close()


def mark(run, time_ns, equity, *events):
    with (
        Ledger.open(run / "ledger.sqlite") as ledger,
        ledger.transaction("trade", event_time_ns=time_ns) as tx,
    ):
        tx.append("equity", {"event_time_ns": time_ns, "account": [MINE, "rules"],
                             "equity": [equity, 1.0]})  # fmt: skip
        for event in events:
            tx.append("guards", {"event_time_ns": time_ns, "account": MINE, "event": event})


def commands(run):
    with Ledger.open(run / "ledger.sqlite", read_only=True) as ledger:
        return ledger.read("commands", ["kind", "actor", "reason"]).rows()


def test_a_halt_that_is_missing_is_ordered_once(run, vigil):
    mark(run, 1, 100_000.0)
    assert vigil.look()
    assert commands(run) == []
    mark(run, 2, 80_000.0)
    assert vigil.look()
    mark(run, 3, 79_000.0)
    assert vigil.look()
    assert [row[:2] for row in commands(run)] == [("kill", "watch")]
    assert "account drawdown 20.0 %" in commands(run)[0][2]
    assert set(vigil.heard.rules) == {"guard_missed"}


@pytest.mark.parametrize("equity", [None, float("nan")])
def test_equity_that_is_not_known_is_no_good_news(run, vigil, equity):
    mark(run, 1, equity)
    assert vigil.look()
    assert commands(run)[0][2] == "equity is not a number"


def test_a_halt_that_the_step_ordered_itself_is_left_alone(run, vigil):
    mark(run, 1, 80_000.0, "halt")
    assert vigil.look()
    assert (commands(run), vigil.heard.rules) == ([], [])


def test_a_loop_that_died_is_told_once_and_halted_for_its_next_start(run, vigil):
    Heart(run, "trade", 0.0).beat("failed")
    for _ in range(3):
        assert vigil.look()
    assert vigil.heard.rules == ["trade_dead"]
    assert "ended by an error" in commands(run)[0][2]
    with Ledger.open(run / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.read("alerts", ["rule"])["rule"].to_list() == ["trade_dead"]
    Heart(run, "trade", 0.0).beat("stopped")
    vigil.look()
    Heart(run, "trade", 0.0).beat("failed")
    vigil.look()
    assert vigil.heard.rules == ["trade_dead"] * 2, "a new life, a new death"
    assert len(commands(run)) == 1, "one order that nobody has obeyed yet is enough"


def test_whoever_wishes_goes_on_after_a_crash_without_a_halt(run):
    settings = "watch = { kill_when_dead = false }"
    keep_local(run, parse_config(settings))
    channel = Keeping()
    vigil = Vigil(run, channels=Fanout([channel]))
    Heart(run, "trade", 0.0).beat("failed")
    assert vigil.look()
    vigil.close()
    assert (commands(run), channel.rules) == ([], ["trade_dead"])


def test_a_loop_that_runs_or_has_stopped_is_left_alone(run, vigil):
    heart = Heart(run, "trade", 0.0)
    with Ledger.open(run / "ledger.sqlite") as ledger:
        ledger.transaction("trade")
        for state in ("starting", "alive", "busy", "stopped"):
            vigil.settings = vigil.settings.model_copy(update={"dead_after_seconds": 60.0})
            heart.beat(state)
            assert vigil.look()
    vigil.bereaved()
    assert (commands(run), vigil.heard.rules) == ([], [])


def test_a_watch_that_cannot_read_falls_silent_and_says_why(run):
    broken = run / "ledger.sqlite"
    broken.write_bytes(b"no ledger" * 1000)
    looks = []

    def told(vigil, saw):
        looks.append(saw)

    def stop():
        alerts = run / "alerts.log"
        return alerts.exists() and "watch_blind" in alerts.read_text()

    keep_vigil(run, stop=stop, told=told)
    assert set(looks) == {False}
    assert last_beat(run, "watch").state == "stopped", "not once was it alive"
    told = [json.loads(line) for line in (run / "alerts.log").read_text().splitlines()]
    assert {line["rule"] for line in told} == {"watch_blind"}
    assert "cannot read the record" in told[0]["message"]


def test_a_pipe_that_closes_ends_the_watch(run):
    reading, writing = os.pipe()
    Heart(run, "trade", 0.0).beat("alive")
    os.close(writing)
    ordered = keep_vigil(run, parent=reading)
    os.close(reading)
    assert len(ordered) == 1
    assert "is gone" in commands(run)[0][2]


def test_the_process_stays_small():
    """It runs beside everything else on a small server: no compiler, no learners."""
    heavy = "{'numba', 'scipy', 'pandas', 'sklearn', 'lightgbm'}"
    code = f"import sys, edgekeeper.watch; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_two_watches_do_not_stand_in_for_each_other(run):
    Heart(run, "watch", 0.0).beat("alive")
    file = heartbeat_file(run, "watch")
    file.write_text(file.read_text().replace(f'"pid": {os.getpid()}', '"pid": 1'))
    with pytest.raises(UsageError, match="process 1 watches"):
        keep_vigil(run, stop=lambda: True)


def test_settings_of_this_place_lie_over_the_recorded_ones(run):
    assert with_local(run, Config()).watch.dead_after_seconds == 0.2
    assert with_local(run / "elsewhere", Config()) == Config()
    for damage in ("{", "[]", "3"):
        (run / "local.json").write_text(damage)
        with pytest.raises(BadData, match="damaged"):
            with_local(run, Config())
