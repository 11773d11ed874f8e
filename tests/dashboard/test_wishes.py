"""Orders from a browser: nothing about them is believed."""

from dataclasses import dataclass

import pytest

from edgekeeper.dashboard.wishes import NEEDED, carry_out
from edgekeeper.desk import Desk
from edgekeeper.trade import ORDERS

_RANKS = ("read", "trade", "admin")


@dataclass(frozen=True)
class Grant:
    role: str
    name: str = "Ada"

    def may(self, role):
        return _RANKS.index(self.role) >= _RANKS.index(role)


def wish(kind="kill", **given):
    return {"kind": kind, "subject": "", "reason": "news", "detail": {}, **given}


def test_each_order_that_the_loop_knows_has_a_role():
    assert set(NEEDED) == {*ORDERS, "acknowledge", "answer"}


@pytest.mark.parametrize(("role", "kind"), [("read", "kill"), ("trade", "promote")])
def test_who_may_not_is_refused_and_nothing_is_written(live_run, role, kind):
    with Desk(live_run) as desk:
        answer = carry_out(desk, Grant(role), wish(kind))
        assert answer.tone == "danger"
        assert "Nothing was ordered" in answer.text
        assert desk.rows("commands").height == 0


@pytest.mark.parametrize(
    "sent",
    [
        None, [], "kill", {}, wish("explode"), wish(kind=5), wish(subject=5), wish(reason=[]),
        wish(reason="  "), wish(reason="x" * 501), wish(subject="x" * 501),
    ],
)  # fmt: skip
def test_what_is_no_order_is_refused_and_nothing_is_written(live_run, sent):
    with Desk(live_run) as desk:
        answer = carry_out(desk, Grant("admin"), sent)
        assert answer.keep
        assert desk.rows("commands").height == 0


def test_a_session_that_ended_orders_nothing(live_run):
    with Desk(live_run) as desk:
        assert "session has ended" in carry_out(desk, None, wish()).text
        assert desk.rows("commands").height == 0


def test_an_order_is_on_record_with_who_and_why_and_only_options_that_it_has(live_run):
    with Desk(live_run) as desk:
        sent = wish(
            detail={"flatten": True, "override": True, "x": {"y": 1}}, reason=" two\n words"
        )
        answer = carry_out(desk, Grant("trade"), sent)
        assert (answer.tone, answer.keep) == ("warning", False)
        assert "written down" in answer.text
        row = desk.rows("commands").row(0, named=True)
    assert (row["actor"], row["reason"], row["kind"]) == ("Ada", "two words", "kill")
    assert '"flatten":true' in row["detail_json"].replace(" ", "")
    assert "override" not in row["detail_json"]


def test_a_package_that_is_chosen_is_the_subject(live_run):
    with Desk(live_run) as desk:
        sent = wish("pin", subject="linear", detail={"package": "abcdef123456"})
        carry_out(desk, Grant("admin"), sent)
        assert desk.rows("commands")["subject"].to_list() == ["abcdef123456"]


def test_a_change_that_is_asked_for_is_answered_once_and_leaves_the_list(live_run):
    from edgekeeper.ledger import Ledger

    with Ledger.open(live_run / "ledger.sqlite") as record, record.transaction("person") as tx:
        tx.append("approvals", {
            "event_time_ns": 5, "subject": "policy.take_above", "kind": "parameter_change",
            "answer": "asked", "actor": "learn", "reason": "it would have earned more",
            "detail_json": [{"change": 0.4}],
        })  # fmt: skip
    sent = wish("answer", subject="policy.take_above", detail={"answer": "declined"})
    with Desk(live_run) as desk:
        assert [task.kind for task in desk.to_do()].count("parameter_change") == 1
        assert "Nothing was ordered" in carry_out(desk, Grant("trade"), sent).text
        for wrong in ({**sent, "detail": {"answer": "perhaps"}}, {**sent, "subject": "policy"}):
            assert carry_out(desk, Grant("admin"), wrong).keep
        assert carry_out(desk, Grant("admin"), sent).tone == "good"
        assert "parameter_change" not in [task.kind for task in desk.to_do()]
        assert carry_out(desk, Grant("admin"), sent).keep, "it waits no more"
        row = desk.rows("approvals", limit=1).row(0, named=True)
    assert (row["answer"], row["actor"], row["reason"]) == ("declined", "Ada", "news")


def test_packages_from_elsewhere_wait_until_they_are_adopted(live_run):
    from edgekeeper.desk.arrived import ArrivedReader
    from edgekeeper.ledger import Ledger
    from edgekeeper.registry import Registry

    with Desk(live_run) as desk:
        assert desk.arrived() == ()
        on_record = desk.rows("packages", ["hash", "line"], limit=1).row(0)
    with Ledger.open(live_run / "other.sqlite") as away:
        registry = Registry(live_run / "models")
        reader = ArrivedReader(registry, away)
        there = reader.read()
        assert (on_record[0], on_record[1]) in [(one.hash, one.line) for one in there]
        assert [one.last_ns for one in there] == sorted((o.last_ns for o in there), reverse=True)
        package = live_run / "models" / "packages" / there[0].hash
        (package / "manifest.json").write_text("{}")
        assert there[0] not in ArrivedReader(registry, away).read(), "damaged: it is not offered"


def test_frozen_lines_are_known_until_they_move_again(live_run):
    from edgekeeper.ledger import Ledger

    place = live_run / "ledger.sqlite"
    with Desk(live_run) as desk:
        assert not desk.frozen()
        for number, kind in enumerate(("freeze", "unfreeze")):
            with Ledger.open(place) as record, record.transaction("trade", event_time_ns=9) as tx:
                tx.append("obeyed", {
                    "event_time_ns": 9, "after": number, "id": kind, "kind": kind,
                    "actor": "Ada", "reason": "so", "outcome": "done",
                })  # fmt: skip
            assert desk.frozen() == (kind == "freeze")
