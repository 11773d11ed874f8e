"""A live run whose ledger fails at its first call, at its second, and so on to its last.

Each time the run has to end with a clear error, keep what was acknowledged, and, started once
more, come to the very record of a run that nothing befell: nothing lost, nothing doubled, and no
order after the halt.
"""

import errno
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from edgekeeper.alerts import Fanout
from edgekeeper.config import LineConfig, parse_config
from edgekeeper.errors import EdgekeeperError, StorageError
from edgekeeper.ledger import Ledger, record
from edgekeeper.ledger.journal import Journal
from edgekeeper.living import Live, live_forever
from edgekeeper.registry import Registry
from edgekeeper.running import Blank
from edgekeeper.trade import Order
from edgekeeper.watch import Sentinel
from edgekeeper.worlds import make_world

PLAIN = parse_config(
    """
epoch = "bar"
lines = []
refits.process = false
rules = { entry_long = "close > open", entry_short = "close <= open" }
labels = { horizon_bars = 2 }
gates = { min_samples = 10, max_auc = 0.999, max_sharpe = 100.0, veto_errors = 50.0 }
guards = { account_drawdown = 1.0, daily_loss = 1.0 }
drift.refit = false
"""
)
LEARNING = PLAIN.model_copy(
    update={
        "lines": (
            LineConfig(
                name="linear",
                learner="logistic",
                features=("returns",),
                min_bars=100,
                refit_epochs=60,
            ),
        )
    }
)
HISTORY, KILLED, LAST = 149, 153, 156
KILL = Order("0123456789abcdef", "kill", "", "anna", "to see that it holds", {"flatten": True})


class Killed(BaseException):
    """The process is gone; nobody catches this."""


class Faults:
    """Fails the n-th call of a ledger: once, or from then on, before its work or after it."""

    CALLS = (
        *((Journal, name, lambda args: args[1].role) for name in ("write", "put", "put_durably")),
        (record, "read_table", lambda args: args[2]),
        (record, "last_entries", lambda args: " ".join(args[1])),
        (record, "heads", lambda args: args[1][0]),
    )
    """What goes to the database: where it is named, and what a call is about."""
    KINDS = ("full", "locked", "killed")

    def __init__(self, patch, at=None, kind="full"):
        self.at, self.kind = at, kind
        self.made, self.acknowledged = [], []
        self.down = False
        for owner, name, about in self.CALLS:
            patch.setattr(owner, name, self._guarded(name, about, getattr(owner, name)))

    def _guarded(self, name, about, call):
        def guarded(*args, **kwargs):
            self.made.append(f"{name} {about(args)}")
            now = len(self.made) - 1 == self.at
            if self.down or (now and self.kind != "killed"):
                self.down = self.kind != "locked"
                raise self._fault()
            done = call(*args, **kwargs)
            if now:  # what it did stands, and nobody is told
                self.down = True
                raise Killed
            if name == "write":
                self.acknowledged.append(done)
            return done

        return guarded

    def _fault(self):
        if self.kind == "full":
            return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.kind == "killed":
            return Killed()
        busy = sqlite3.OperationalError("database is locked")
        busy.sqlite_errorname = "SQLITE_BUSY"
        return busy


class Supply:
    """Bars of a market, one instant a call, and a clock that stands at the newest."""

    def __init__(self, bars, after_ns):
        self.bars = bars
        self.next_one = int((bars.instants <= after_ns).sum())
        self.next_due_ns = None

    def next(self, timeout_seconds):
        k, offsets = self.next_one, self.bars.instant_offsets
        self.next_one += 1
        return self.bars.rows(int(offsets[k]), int(offsets[k + 1]))

    def now_ns(self):
        return int(self.bars.instants[self.next_one - 1])

    @property
    def over(self):
        return self.next_one >= LAST


def run(folder, bars, config=PLAIN):
    """Start a run, or go on with it, to the last bar; return the hash of its record."""
    past = bars.rows(0, int(bars.instant_offsets[HISTORY]))
    with Ledger.open(folder / "ledger.sqlite", prove=True) as ledger:
        sentinel = Sentinel(ledger, Fanout([]))
        live = Live(past, config, ledger, Registry(folder / "models"), sentinel, Blank())
        live.begin()
        live.relive(bars)
        live.end_epoch_before(None)  # as it would have been, so that the order finds its place
        supply = Supply(bars, live.now_ns)

        def inbox():
            done = ledger.read("obeyed", ["id"])["id"].to_list()
            if live.now_ns >= int(bars.instants[KILLED]) and KILL.id not in done:
                yield KILL

        live_forever(live, supply, inbox, stop=lambda: supply.over, clock=supply,
                     stopwatch=lambda: 0.0)  # fmt: skip
        ledger.seal(live.now_ns)
        return ledger.head("trade")


def stands(folder, query):
    """First column of a query, by nothing but the database's own driver."""
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as database:
        return [row[0] for row in database.execute(query)]


def orders(folder):
    """When the account's orders were given."""
    return stands(folder, "SELECT event_time_ns FROM orders WHERE account = 'edgekeeper'")


@pytest.fixture(scope="module")
def bars():
    return make_world("noise", seed=3, symbols=1, bars=LAST + 1, drift_sharpe=0.0).bars


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A folder with an empty ledger, since to make one takes as long as the run."""
    folder = tmp_path_factory.mktemp("empty")
    Ledger.open(folder / "ledger.sqlite").close()
    return folder


def undisturbed(folder, bars, config):
    """The calls of a run that nothing befalls, and the hash of its record."""
    with pytest.MonkeyPatch.context() as patch:
        calls = Faults(patch).made
        head = run(folder, bars, config)
    halted_at = stands(folder, "SELECT event_time_ns FROM obeyed")
    assert halted_at == [int(bars.instants[KILLED])]
    assert len(orders(folder)) >= 2
    assert len(stands(folder, "SELECT hash FROM packages")) == len(config.lines)
    with Ledger.open(folder / "ledger.sqlite", read_only=True) as ledger:
        ledger.verify("trade")
    return calls, head


def fail(folder, bars, config, head, at, kind):
    """Let a run fail at a call, see what it left, and let it go on; return whether it failed."""
    halt = int(bars.instants[KILLED])
    failure = None
    with pytest.MonkeyPatch.context() as patch:
        faults = Faults(patch, at, kind)
        try:
            assert run(folder, bars, config) == head
        except (EdgekeeperError, Killed) as error:
            failure = error
    if isinstance(failure, EdgekeeperError):
        assert isinstance(failure, StorageError)
        assert "ledger" in str(failure)
        assert kind != "killed"
    assert all(time <= halt for time in orders(folder))
    kept = set(stands(folder, "SELECT digest FROM chain"))
    assert kept >= {one for one in faults.acknowledged if one}
    assert run(folder, bars, config) == head
    times = orders(folder)
    assert len(times) == len(set(times))
    assert all(time <= halt for time in times)
    return failure is not None


@pytest.mark.parametrize("config", [PLAIN, LEARNING], ids=["rules", "learning"])
def test_a_fault_at_any_call_of_the_ledger_leaves_no_trace(tmp_path, bars, empty, config):
    shutil.copytree(empty, tmp_path / "whole")
    calls, head = undisturbed(tmp_path / "whole", bars, config)
    places = range(len(calls))
    if config.lines:  # the others are those of a run that follows its rules
        own = {"packages", "learn", "signals"}
        places = [n for n in places if own & set(calls[n].split())]
    ended = 0
    for n in places:
        kind = Faults.KINDS[n % len(Faults.KINDS)]
        shutil.copytree(empty, tmp_path / "run")
        try:
            ended += fail(tmp_path / "run", bars, config, head, n, kind)
        except BaseException as error:
            error.add_note(f"{kind} at call {n} of {len(calls)}: {calls[n]}")
            raise
        shutil.rmtree(tmp_path / "run")
    assert ended > 0.9 * len(places) > 5
