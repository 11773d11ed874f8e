"""An outside monitor is asked while all is well, and never when it is not."""

import time

import pytest

from edgekeeper.alerts import Fanout
from edgekeeper.config import Config, NotifyConfig, parse_config
from edgekeeper.ledger import Ledger
from edgekeeper.testing.faulty_server import FaultyServer
from edgekeeper.watch import Heart, Vigil, keep_local
from edgekeeper.watch.outside_monitor import OutsideMonitor

MINE = "edgekeeper"


class Pings(FaultyServer):
    def reply(self, asked):
        return 200, {}, "OK"

    @property
    def paths(self):
        return [f"{one.method} {one.path}" for one in self.asked]


@pytest.fixture
def pings():
    with Pings() as server:
        yield server


class Seconds:
    now = 0.0

    def __call__(self):
        return self.now


def monitor(pings, seconds, **settings):
    given = {"heartbeat_url": f"{pings.url}/ping/1234", "timeout_seconds": 0.2, **settings}
    return OutsideMonitor(NotifyConfig(**given), 15.0, seconds)


def test_it_is_asked_only_while_it_was_lately_told_that_all_is_well(pings):
    seconds = Seconds()
    one = monitor(pings, seconds)
    one.step()
    assert pings.paths == [], "nobody has said anything yet"
    one.tell(well=True)
    one.step()
    assert pings.paths == ["GET /ping/1234"]
    seconds.now = 16.0
    one.step()
    assert len(pings.paths) == 1, "who tells is silent itself"
    one.tell(well=False)
    one.step()
    assert len(pings.paths) == 1


def test_that_something_failed_is_said_once_where_it_is_wanted(pings):
    one = monitor(pings, Seconds(), heartbeat_fail=True)
    one.tell(well=False)
    one.step()
    assert pings.paths == [], "it never was well"
    for well in (True, False, False, True):
        one.tell(well=well)
        one.step()
    assert pings.paths == ["GET /ping/1234", "POST /ping/1234/fail", "GET /ping/1234"]


@pytest.mark.parametrize("fault", [500, 404, "drop", "hang", "cut"])
def test_its_failures_are_counted_and_nothing_else(pings, fault):
    one = monitor(pings, Seconds())
    pings.faults = [fault]
    one.tell(well=True)
    one.step()
    one.step()
    assert (one.asked, one.failed) == (2, 1)
    assert "ping/1234" not in one.last_error


def test_an_address_in_the_environment(pings, monkeypatch):
    monkeypatch.setenv("PING_URL", f"{pings.url}/hidden")
    one = monitor(pings, Seconds(), heartbeat_url="", heartbeat_url_env="PING_URL")
    one.tell(well=True)
    one.step()
    assert pings.paths == ["GET /hidden"]
    missing = monitor(pings, Seconds(), heartbeat_url="", heartbeat_url_env="NOT_SET")
    missing.tell(well=True)
    missing.step()
    assert "NOT_SET" in missing.last_error


@pytest.fixture
def run(tmp_path, pings):
    keep_local(
        tmp_path,
        parse_config(
            {
                "watch": {"heartbeat_seconds": 0.05, "dead_after_seconds": 5.0},
                "notify": {"heartbeat_url": pings.url, "heartbeat_every_seconds": 0.05},
            }
        ),
    )
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger, ledger.transaction("trade") as tx:
        tx.append("runs", {"started_market_ns": 1, "run_id": "r", "config_hash": "c",
                           "config_json": [Config().model_dump(mode="json")],
                           "data_hash": "d"})  # fmt: skip
    return tmp_path


def guard(run, time_ns, event, cause, actor):
    with (
        Ledger.open(run / "ledger.sqlite") as ledger,
        ledger.transaction("trade", event_time_ns=time_ns) as tx,
    ):
        row = {"event_time_ns": time_ns, "account": MINE, "event": event, "cause": cause}
        tx.append("guards", {**row, "actor": actor})


def pinged(pings, vigil, seconds=0.4):
    """Whether it is asked while the watch goes on looking."""
    vigil.look()
    before, until = len(pings.asked), time.monotonic() + seconds
    while time.monotonic() < until and len(pings.asked) < before + 2:  # one may be under way
        vigil.look()
        time.sleep(0.02)
    return len(pings.asked) >= before + 2


def test_the_watch_asks_while_trading_lives_and_is_not_halted_by_a_fault(run, pings):
    vigil = Vigil(run, channels=Fanout([]))
    heart = Heart(run, "trade", 0.0)
    assert not pinged(pings, vigil, 0.1), "trading has not begun"
    with Ledger.open(run / "ledger.sqlite") as ledger:
        ledger.transaction("trade")
        heart.beat("alive")
        assert pinged(pings, vigil, 5.0)
    guard(run, 2, "halt", "operator", "a person")
    with Ledger.open(run / "ledger.sqlite") as ledger:
        ledger.transaction("trade")
        assert pinged(pings, vigil, 5.0), "a person wished it"
    guard(run, 3, "resume", "operator", "a person")
    for number, (cause, actor) in enumerate([("account drawdown", "guard"), ("operator", "watch")]):
        guard(run, 4 + 2 * number, "halt", cause, actor)
        with Ledger.open(run / "ledger.sqlite") as ledger:
            ledger.transaction("trade")
            assert not pinged(pings, vigil, 0.3), cause
        guard(run, 5 + 2 * number, "resume", "operator", "a person")
    heart.beat("stopped")
    assert not pinged(pings, vigil, 0.3)
    heart.beat("failed")
    assert not pinged(pings, vigil, 0.3)
    vigil.close()


def test_a_watch_that_is_blind_does_not_ask(run, pings):
    vigil = Vigil(run, channels=Fanout([]))
    Heart(run, "trade", 0.0).beat("alive")
    (run / "ledger.sqlite").write_bytes(b"no ledger" * 1_000)
    assert not vigil.look()
    assert not pinged(pings, vigil, 0.3)
    vigil.close()
