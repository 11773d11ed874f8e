"""A live run whose fits are made by another process: stopped, killed, lived again, audited."""

import json
import os
import signal
import sys
import threading
import time

import numpy as np
import polars as pl
import pytest

from edgekeeper.alerts import Fanout, FileChannel
from edgekeeper.auditing import registry_of
from edgekeeper.build import audit
from edgekeeper.config import EvidenceConfig, GatesConfig, LineConfig, parse_config
from edgekeeper.learn import FitRequest, LearnerProcess
from edgekeeper.ledger import MARKET_ROLES, Ledger
from edgekeeper.living import Live
from edgekeeper.market import save_snapshot
from edgekeeper.market.live.keeping import Kept
from edgekeeper.market.live.run_folder import live_bars
from edgekeeper.market.live.sifting import CLOSED
from edgekeeper.running import Blank
from edgekeeper.trade import Order
from edgekeeper.watch import Sentinel
from edgekeeper.worlds import make_world

DAY_NS = 86_400 * 10**9
HISTORY = 240
CONFIG = parse_config({}).model_copy(
    update={
        "gates": GatesConfig(min_samples=40, veto_errors=5.0, max_sharpe=100.0, max_auc=0.999),
        "evidence": EvidenceConfig(min_trades=5, exposure_window=40, prior_bars=10),
        "lines": (
            LineConfig(
                name="linear",
                learner="logistic",
                parameters={"ridge": 10.0},
                features=("returns", "volume"),
                min_bars=200,
                refit_epochs=8,
            ),
        ),
    }
)


@pytest.fixture(scope="module")
def bars():
    return make_world("planted", seed=2, symbols=2, bars=420, net_sharpe=14.0).bars


class Run:
    """A live run in a folder as ``paper`` keeps it, fed by hand."""

    def __init__(self, folder, bars, config=CONFIG, command=None):
        self.folder, self.bars, self.config = folder, bars, config
        folder.mkdir(exist_ok=True)
        history = bars.rows(0, int(bars.instant_offsets[HISTORY]))
        save_snapshot(folder / "bars", history)
        wanted = {"source": "folder:x", "symbols": bars.symbols, "interval": "1d"}
        (folder / "paper.json").write_text(json.dumps(wanted))
        self.kept = Kept(folder / "live", DAY_NS, bars.symbols)
        self.ledger = Ledger.open(folder / "ledger.sqlite")
        for role in MARKET_ROLES:
            self.ledger.verify(role)
        self.ledger.check_seals()
        self.ledger.start_over(["trade"])
        command = command or [sys.executable, "-m", "edgekeeper.learning", str(folder)]
        self.learner = LearnerProcess(command, config.refits, folder / "learner.log")
        registry = registry_of(folder, config)
        watch = Sentinel(self.ledger, Fanout([FileChannel(folder / "alerts.log")]))
        self.live = Live(history, config, self.ledger, registry, watch, Blank(), self.learner)
        self.live.begin()
        self.live.relive(live_bars(folder, "1d", bars.symbols))
        self.live.go_on()

    def take(self, first, last, *, wait=True):
        for k in range(first, last):
            offsets = self.bars.instant_offsets
            part = self.bars.rows(int(offsets[k]), int(offsets[k + 1]))
            now = int(part.event_time[0])
            part = part.known_at(now)
            columns = {name: getattr(part, name) for name in ("open", "high", "low", "close")}
            rows = {
                "symbol": [part.symbols[i] for i in part.symbol],
                "event_time": part.event_time,
                **columns,
                "volume": part.volume,
                "row": k,
                "content": "",
            }
            self.kept.add(pl.DataFrame(rows).select(*CLOSED).cast(dict(CLOSED)), now)
            self.live.end_epoch_before(now)
            self.live.take(part)
            self.live.end_epoch_before(None)
            until = time.monotonic() + 60
            while wait and self.learner.waiting and time.monotonic() < until:
                self.live.take_fits(wait_seconds=0.1)

    def answers(self):
        rows = self.ledger.read("obeyed", where={"actor": "learn"})
        return list(zip(rows["kind"], rows["reason"], rows["outcome"], strict=True))

    def alerts(self):
        return self.ledger.read("alerts", ["rule", "message"]).rows()

    def close(self):
        self.ledger.seal(self.live.now_ns)
        self.learner.close()
        heads = [self.ledger.head(role) for role in MARKET_ROLES]
        self.ledger.close()
        return heads


def damage(file):
    file.chmod(0o644)
    file.write_text("{}")


def kill(learner):
    os.kill(learner.process_id, signal.SIGKILL)
    wait_for(lambda: learner.process_id is None)


def wait_for(what):
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path, bars):
    started = []

    def start_(**changes):
        started.append(Run(tmp_path / "run", bars, **changes))
        return started[-1]

    yield start_
    for run in started:
        run.learner.close()
        run.ledger.close()


WAS_KILLED = "the learner died: signal 9 (its words are in learner.log)"


def test_fits_made_elsewhere_come_back_after_stops_and_kills_and_in_an_audit(start):
    run = start()
    seat = run.live.run.trade.roster.seats["linear"]
    assert [kind for kind, _, _ in run.answers()] == ["adopt"]
    before = seat.line.package
    run.take(HISTORY, HISTORY + 8, wait=False)  # the last boundary asks for a fit
    assert run.learner.waiting == 1
    assert "fitting linear" in run.live.sentence
    kill(run.learner)
    run.take(HISTORY + 8, HISTORY + 9)
    assert run.answers()[1] == ("no_fit", WAS_KILLED, "done")
    said = f"there is no new fit of line linear: {WAS_KILLED}; the model before stays"
    assert ("fit_failed", said) in run.alerts()
    assert seat.line.package == before
    assert run.live.obey(Order("r1", "refit", "linear", "anna", "try", {"force": True})) == "done"
    assert run.live.obey(Order("r2", "refit", "linear", "anna", "again")).startswith("refused: a ")
    run.take(HISTORY + 9, HISTORY + 11)
    assert [kind for kind, _, _ in run.answers()] == ["adopt", "no_fit", "adopt"]
    assert seat.line.package != before
    heads = run.close()
    again = start()
    assert again.ledger.unproved == {}
    assert [again.ledger.head(role) for role in MARKET_ROLES] == heads
    again.take(HISTORY + 11, HISTORY + 17, wait=False)  # what is under way here is asked once more
    assert again.learner.waiting == 1
    again.close()
    third = start()
    third.take(HISTORY + 17, HISTORY + 18)
    assert [kind for kind, _, _ in third.answers()] == ["adopt", "no_fit", "adopt", "adopt"]
    assert {outcome for _, _, outcome in third.answers()} == {"done"}
    third.take(HISTORY + 18, HISTORY + 25, wait=False)
    wait_for(lambda: third.ledger.read("packages").height == 4)
    heads = third.close()  # a fit is on record that nobody has taken
    proved = audit(third.folder)
    assert proved.complete
    assert proved.head == heads[0]
    assert proved.replayed["learn"] == 4
    assert [kind for kind, _, _ in start().answers()].count("adopt") == 4


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        ({"minutes": 0.003}, "longer than 0.003 minutes"),
        ({"memory_mb": 1}, "more than 1 MB of memory"),
    ],
)
def test_a_learner_has_bounds(tmp_path, bounds, why):
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    limits = CONFIG.refits.model_copy(update=bounds)
    learner = LearnerProcess(command, limits, tmp_path / "learner.log")
    learner.ask(FitRequest("linear", 5, 1))
    (answer,) = learner.answers(wait_seconds=30)
    assert why in answer.problem
    assert learner.process_id is None
    assert learner.answers() == []
    learner.close()


NONSENSE = "import sys, time; print(sys.stdin.readline(), flush=True); time.sleep(60)"


def test_a_learner_that_says_what_nobody_understands_is_ended(tmp_path):
    learner = LearnerProcess(
        [sys.executable, "-c", NONSENSE], CONFIG.refits, tmp_path / "learner.log"
    )
    learner.ask(FitRequest("linear", 5, 1))
    (answer,) = learner.answers(wait_seconds=30)
    assert "could not be understood: KeyError: 'package'" in answer.problem
    assert learner.process_id is None
    learner.ask(FitRequest("linear", 6, 2))
    assert len(learner.answers(wait_seconds=30)) == 1, "and another one is asked"
    learner.close()


def test_a_run_whose_learner_talks_nonsense_goes_on_without_a_fit(start):
    run = start(command=[sys.executable, "-c", NONSENSE])
    ((kind, reason, outcome),) = run.answers()
    assert (kind, outcome) == ("no_fit", "done")
    assert "could not be understood" in reason
    assert "fit_failed" in dict(run.alerts())
    run.take(HISTORY, HISTORY + 2)
    assert run.live.run.trade.roster.seats["linear"].package is None


def test_a_learner_is_heard_by_a_service_with_many_connections(tmp_path):
    many = []
    try:
        while not many or many[-1] < 1_030:
            many.append(os.dup(0))
    except OSError:
        pytest.skip("a system with fewer descriptors")
    else:
        learner = LearnerProcess([sys.executable, "-c", ""], CONFIG.refits, tmp_path / "l.log")
        learner.ask(FitRequest("linear", 5, 1))
        (answer,) = learner.answers(wait_seconds=30)
        assert "exit status 0" in answer.problem
        learner.close()
    finally:
        for one in many:
            os.close(one)


def test_a_learner_ends_with_its_input(tmp_path):
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    learner = LearnerProcess(command, CONFIG.refits, tmp_path / "learner.log")
    learner.ask(FitRequest("linear", 5, 1))
    learner.close()
    assert learner.process_id is None


def test_a_package_that_cannot_be_loaded_is_passed_over(start):
    run = start()
    seat = run.live.run.trade.roster.seats["linear"]
    before = seat.line.package
    run.take(HISTORY, HISTORY + 8, wait=False)
    (newest,) = run.learner.answers(wait_seconds=60)
    damage(run.live.registry.folder(newest.package) / "manifest.json")
    run.live._to_adopt = True
    run.live.take_fits()
    assert [kind for kind, _, _ in run.answers()] == ["adopt", "pass_over"]
    assert seat.line.package == before
    assert "package_unusable" in dict(run.alerts())
    run.take(HISTORY + 8, HISTORY + 9)
    heads = run.close()
    again = start()
    assert again.close() == heads


class Visitor(threading.Thread):
    """Asks without pause for the forecast of one row, of whichever package the pointer names."""

    def __init__(self, registry, row):
        super().__init__()
        self.registry, self.row = registry, row
        self.answers, self.done = [], threading.Event()

    def run(self):  # what it raises fails the test
        while not self.done.is_set():
            (package,) = self.registry.pointer().arms
            said = self.registry.load(package).forecast(self.row, np.array([0.02]))
            self.answers.append((time.monotonic(), package, said.probability.tobytes()))
            time.sleep(0.001)


def test_forecasts_are_served_without_a_gap_through_twenty_swaps(start):
    line = CONFIG.lines[0].model_copy(update={"refit_epochs": 1})
    evidence = CONFIG.evidence.model_copy(update={"min_trades": 100_000})
    run = start(config=CONFIG.model_copy(update={"lines": (line,), "evidence": evidence}))
    order = Order("p", "promote", "linear", "anna", "to be seen", {"override": True})
    assert run.live.obey(order) == "done"
    seat = run.live.run.trade.roster.seats["linear"]
    features = run.live.run.features(seat.package)[-1:]
    visitor = Visitor(run.live.registry, features)
    visitor.start()
    run.take(HISTORY, HISTORY + 20)
    used = list(seat.history)
    visitor.done.set()
    visitor.join()
    assert len(used) == 21
    times, packages, said = zip(*visitor.answers, strict=True)
    seen = list(dict.fromkeys(packages))
    assert seen == [one for one in used if one in seen]  # forward only, whole versions only
    assert len(seen) > 10
    assert len(set(zip(packages, said, strict=True))) == len(seen)
    began = time.monotonic()
    alone = run.live.registry.load(used[-1]).forecast(features, np.array([0.02]))
    assert alone.probability.tobytes() in said or used[-1] not in seen
    assert max(np.diff(times)) < max(5.0, 100 * (time.monotonic() - began))
