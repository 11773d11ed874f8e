"""Orders on the command line: on record at once, obeyed by the loop, refused in words."""

import pytest

from edgekeeper.build import PaperWanted, paper
from edgekeeper.clock import ManualClock
from edgekeeper.ledger import Ledger
from edgekeeper.running import Blank


def obey(run):
    """Let the run go on for as long as it takes to look at its orders."""
    looks = []
    with Ledger.open(run / "ledger.sqlite", read_only=True) as ledger:
        now = ledger.read("stretches")["event_time_ns"][-1]
    paper(
        PaperWanted(""), None, out=run, screen=Blank(), stop=lambda: len(looks) > 1,
        told=lambda live, poller: looks.append(1), clock=ManualClock(now), sleep=lambda s: None,
        watched=False,
    )  # fmt: skip


def test_an_order_is_on_record_obeyed_and_refused(edgekeeper, live_run):
    done = edgekeeper("kill", "--reason", "news", "--run", live_run, "--wait", "0", "--json")
    assert (done.code, done.json["kind"], done.json["outcome"]) == (0, "kill", None)
    said = edgekeeper("models", "promote", "linear", "--reason", "hope", "--run", live_run,
                      "--wait", "0")  # fmt: skip
    assert "written down" in " ".join(said.out.split())
    obey(live_run)
    with Ledger.open(live_run / "ledger.sqlite", read_only=True) as ledger:
        outcomes = dict(ledger.read("obeyed", ["kind", "outcome"]).rows()[-2:])
        assert outcomes["kill"] == "done"
        assert outcomes["promote"].startswith("refused: ")
    assert edgekeeper("status", "--run", live_run, "--json").json["standing"] != "ACTIVE"


def test_orders_about_lines_of_a_side_car_are_left_to_it(edgekeeper, live_run):
    edgekeeper("models", "pin", "signals-logistic", "--reason", "x", "--run", live_run,
               "--wait", "0")  # fmt: skip
    edgekeeper("models", "freeze", "--reason", "x", "--run", live_run, "--wait", "0")
    obey(live_run)
    with Ledger.open(live_run / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.read("obeyed", ["kind"])["kind"].to_list()[-1:] == ["freeze"]
        assert "signals-logistic" not in ledger.read("obeyed", ["subject"])["subject"].to_list()


@pytest.mark.parametrize("command", [("kill",), ("resume",), ("models", "pin", "linear")])
def test_an_order_needs_a_reason_and_a_live_run(edgekeeper, live_run, tmp_path, command):
    assert edgekeeper(*command, "--run", live_run).code == 2
    no_words = edgekeeper(*command, "--reason", " ", "--run", live_run)
    assert (no_words.code, "expected some words" in no_words.err) == (2, True)
    Ledger.open(tmp_path / "replayed" / "ledger.sqlite").close()
    replayed = edgekeeper(*command, "--reason", "x", "--run", tmp_path / "replayed")
    assert (replayed.code, "no live run" in replayed.err) == (2, True)


def test_an_alert_that_was_seen_leaves_the_list(edgekeeper, live_run):
    with (
        Ledger.open(live_run / "ledger.sqlite") as ledger,
        ledger.transaction("operations") as tx,
    ):
        tx.append(
            "alerts",
            {
                "event_time_ns": 2**62,
                "severity": ["critical", "warning"],
                "rule": ["drawdown_critical", "a_rule_of_mine"],
                "message": ["deep", "moved"],
            },
        )
    unknown = edgekeeper("acknowledge", "drawdown", "--reason", "seen", "--run", live_run)
    assert (unknown.code, "'drawdown_critical'" in unknown.err) == (2, True)
    done = edgekeeper("acknowledge", "drawdown_critical", "--reason", "seen", "--run", live_run,
                      "--json")  # fmt: skip
    assert done.json == {"rule": "drawdown_critical", "alerts": 1}
    from edgekeeper.desk import Desk

    with Desk(live_run) as desk:
        told = [task.text for task in desk.to_do() if task.kind == "alert"]
    assert told[-1] == "moved"
    assert "deep" not in told
