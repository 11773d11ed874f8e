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
    assert set(NEEDED) == {*ORDERS, "acknowledge"}


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
