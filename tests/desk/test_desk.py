"""A desk before a run, beside a run, and before a loop that takes its orders."""

import pytest

from edgekeeper.desk import Desk
from edgekeeper.errors import BadData, UsageError
from edgekeeper.ledger import Ledger


def test_before_a_run_nothing_is_there_and_it_says_so(tmp_path):
    with Desk(tmp_path) as desk:
        assert not desk.begun
        assert desk.beats() == {}
        assert desk.source() == ""
        with pytest.raises(UsageError, match="holds no run yet"):
            desk.status()


def test_every_question_is_answered_from_the_record(lived):
    with Desk(lived) as desk:
        assert desk.begun
        state = desk.status()
        assert state.symbols == ("A/USD", "B/USD")
        assert [line.name for line in state.lines] == ["linear"]
        assert desk.models().fits[0].line == "linear"
        assert desk.why("A/USD").symbol == "A/USD"
        assert set(desk.equity()["account"]) >= {"edgekeeper", "rules"}
        newest = desk.rows("decisions", where={"account": "edgekeeper"}, limit=5)
        assert newest.height == 5
        assert newest["event_time_ns"].is_sorted(descending=True)
        assert desk.head == state.ledger
        assert desk.beats()["trade"].state == "stopped"
        assert isinstance(desk.to_do(), list)
        assert desk.source().startswith("folder:")
        with pytest.raises(BadData, match="A/USD"):
            desk.why("A/USDT")
        with pytest.raises(UsageError, match="decisions"):
            desk.rows("decision")
        for limit in (0, -1, 10_001):
            with pytest.raises(UsageError, match="limit"):
                desk.rows("decisions", limit=limit)


def test_an_order_is_on_record_before_a_loop_has_looked(live_run):
    with Desk(live_run) as desk:
        with pytest.raises(UsageError, match="reason"):
            desk.order("kill", actor="a person", reason=" ")
        ordered = desk.order("kill", actor="a person", reason="news", wait_seconds=0.2)
        assert ordered.outcome is None
        assert "written down" in ordered.sentence
    with Ledger.open(live_run / "ledger.sqlite", read_only=True) as ledger:
        assert ledger.read("commands", ["actor", "reason"]).rows() == [("a person", "news")]


def test_a_replay_takes_no_orders(tmp_path):
    with (
        Ledger.open(tmp_path / "ledger.sqlite"),
        Desk(tmp_path) as desk,
        pytest.raises(UsageError, match="no live run"),
    ):
        desk.order("kill", actor="a person", reason="news")
