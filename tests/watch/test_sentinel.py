import pytest

from edgekeeper.alerts import Fanout
from edgekeeper.ledger import Ledger
from edgekeeper.watch import Sentinel


class Keeping:
    name = "keeping"

    def __init__(self):
        self.alerts = []

    def send(self, alert):
        self.alerts.append(alert)


@pytest.fixture
def ledger():
    with Ledger.open("sqlite://") as opened:
        yield opened


def happen(ledger, time_ns):
    with ledger.transaction("trade", event_time_ns=time_ns) as tx:
        tx.append(
            "stages",
            {
                "event_time_ns": time_ns,
                "line": "trees",
                "from_stage": "production",
                "to_stage": "shadow",
                "reason": "retreated: earns less: than it did",
                "actor": "rule",
            },
        )
        for account in ("edgekeeper", "always_newest"):
            tx.append(
                "guards",
                {
                    "event_time_ns": time_ns + 1,
                    "account": account,
                    "event": ["pause", "rearm", "halt"],
                    "cause": ["losses in a row", "operator", "daily loss"],
                    "detail": "3",
                    "actor": "guard",
                },
            )


def fit(ledger, time_ns, verdict):
    with ledger.transaction("learn", event_time_ns=time_ns) as tx:
        tx.append(
            "packages",
            {
                "fitted_at_ns": time_ns,
                "hash": "a" * 64,
                "line": "trees",
                "refit_index": 4,
                "verdict": verdict,
            },
        )


def test_what_is_recorded_is_told_once_and_in_order(ledger):
    channel = Keeping()
    sentinel = Sentinel(ledger, Fanout([channel]))
    happen(ledger, 100)
    told = sentinel.look(150)
    assert [(a.severity, a.rule) for a in told] == [
        ("warning", "line_retreated"),
        ("warning", "guard_pause"),
        ("critical", "guard_halt"),
    ]
    assert told[0].message == "line trees retreated: earns less: than it did"
    assert channel.alerts == told
    assert sentinel.look(200) == []
    assert channel.alerts == told


def test_the_future_is_not_looked_at(ledger):
    happen(ledger, 100)
    sentinel = Sentinel(ledger, Fanout([]))
    assert sentinel.look(99) == []
    assert [a.event_time for a in sentinel.look(100)] == [100]
    assert [a.event_time for a in sentinel.look(101)] == [101, 101]


def test_fits_that_were_not_accepted_are_told_and_others_not(ledger):
    sentinel = Sentinel(ledger, Fanout([]))
    for time_ns, verdict in ((10, "accepted"), (20, "vetoed"), (30, "needs_approval")):
        fit(ledger, time_ns, verdict)
    told = sentinel.look(40)
    assert [(a.severity, a.rule) for a in told] == [
        ("warning", "fit_vetoed"),
        ("critical", "fit_needs_approval"),
    ]


def test_alerts_stand_in_the_ledger_apart_from_market_time(ledger):
    happen(ledger, 100)
    before = ledger.head("trade")
    Sentinel(ledger, Fanout([])).look(150)
    rows = ledger.read("alerts", ["event_time_ns", "severity", "rule"])
    assert rows.rows() == [
        (100, "warning", "line_retreated"),
        (101, "warning", "guard_pause"),
        (101, "critical", "guard_halt"),
    ]
    assert ledger.head("trade") == before


def test_what_the_disk_forced_is_told_once_whoever_asks(ledger):
    with ledger.transaction("operations") as tx:
        for when, event in ((7, "moved"), (8, "stopped"), (9, "resumed")):
            fact = {"wall_time_ns": when, "event": event, "table_name": "forecasts"}
            tx.append("storage", {**fact, "reason": "4.0% of the disk is free, less than 10%"})
    channel = Keeping()
    assert Sentinel(ledger, Fanout([channel])).look(100)
    stopped, resumed = channel.alerts
    assert (stopped.rule, stopped.severity) == ("storage_stopped", "warning")
    assert stopped.message == (
        "no further forecasts are kept: 4.0% of the disk is free, less than 10%"
    )
    assert (resumed.rule, resumed.severity) == ("storage_resumed", "info")
    assert Sentinel(ledger, Fanout([channel])).look(200) == []
