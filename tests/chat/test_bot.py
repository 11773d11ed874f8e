"""Conversations with the bot, through a server that speaks Telegram's protocol."""

import json
import logging
import time

import pytest

from edgekeeper.chat import Memory, help_text
from edgekeeper.ledger import Ledger


def commands(run):
    with Ledger.open(run / "ledger.sqlite", read_only=True) as ledger:
        return ledger.read("commands", ["kind", "subject", "actor", "reason", "detail_json"]).rows()


def wait_for(what, seconds=5.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.01)


def say(server, text, count=1, **who):
    """Say something, and return what came back."""
    before = len(server.sent)
    server.say(text, **who)
    return server.wait_sent(before + count)[before:]


def buttons(message):
    (row,) = message["reply_markup"]["inline_keyboard"]
    return {one["text"]: one["callback_data"] for one in row}


def press(server, message, label="Yes, do it", **who):
    server.press(buttons(message)[label], message_id=message["message_id"], **who)


# -- questions -------------------------------------------------------------------------------------


def test_questions_are_answered_with_the_plain_sentence_first(asked):
    status = asked("/ml_status")
    assert status.startswith("Trading. The rules decide.")
    assert "Equity 100,165" in status
    assert "linear: shadow, evidence" in status
    assert asked("/models").startswith("No line trades")
    assert "Refits that were asked for" in asked("/drift")
    assert "nothing for A/USD: no rule signal" in asked("/why A/USD")
    assert asked("/why a/usd") == asked("/why A/USD")
    assert asked("/positions").startswith("1 position held:\nA/USD long 114.187 at 87.6239")
    performance = asked("/performance")
    assert "Edgekeeper: +0.2%" in performance
    assert "the rules alone: " in performance
    assert asked("/help") == help_text()


def test_what_cannot_be_answered_says_why(asked):
    assert "Which symbol?" in asked("/why")
    assert "expected a decision on 'XYZ'" in asked("/why xyz")
    assert asked("/nonsense") == help_text()
    assert asked("hello") == help_text()
    assert asked("/") == help_text()


def test_before_a_run_it_says_so(tmp_path, start, server):
    start(tmp_path)
    assert say(server, "/ml_status")[0]["text"] == "There is no run here yet."
    assert "expected a line (none yet)" in say(server, "/promote trees")[0]["text"]


def test_in_a_group_it_keeps_to_what_it_was_asked(asked, server):
    for text in ("hello", "/somebodyelse", "/ml_status@otherbot", "/unknown@otherbot"):
        server.say(text, chat=-100)
    assert asked("/positions@KeeperBot", chat=-100).startswith("1 position")
    assert len(server.sent) == 1
    assert asked("/nonsense@keeperbot", chat=-100) == help_text()


def test_strangers_get_silence_and_are_noted_once(lived, tmp_path, start, server, caplog):
    memory = Memory(tmp_path)
    start(lived, memory=memory, users=(7,))
    for _ in range(3):
        server.say("/ml_status", chat=8)
        server.say("/kill now", chat=7, user=9)
        server.press("y:whatever", chat=8)
    assert len(say(server, "/help")) == 1
    assert [one["chat_id"] for one in server.sent] in ([7], ["7"])
    assert server.answered == []
    assert set(memory.strangers) == {"8 7", "7 9"}
    notes = [record for record in caplog.records if "may not ask" in record.getMessage()]
    assert len(notes) == 2


# -- orders ----------------------------------------------------------------------------------------


def test_an_order_is_asked_about_confirmed_and_written_down(own_run, start, server):
    start(own_run)
    (question,) = say(server, "/kill the market is closed")
    assert question["text"].startswith("Halt the account: no new order until")
    assert "Reason: the market is closed" in question["text"]
    assert commands(own_run) == [], "not before it was confirmed"
    press(server, question)
    told = server.wait_sent(2)[1]["text"]
    assert told.startswith("kill: written down. No loop has looked yet")
    assert commands(own_run) == [("kill", None, "telegram:7 ann7", "the market is closed", None)]
    wait_for(lambda: server.edited)
    assert "Ordered by Ann." in server.edited[0]["text"]
    assert "reply_markup" not in server.edited[0], "no button is left"
    press(server, question)
    wait_for(lambda: len(server.answered) == 2)
    assert "expired" in server.answered[1]["text"]
    assert len(commands(own_run)) == 1, "once"


def test_a_reason_is_asked_for_where_none_was_given(own_run, start, server):
    start(own_run)
    (question,) = say(server, "/retrain linear")
    assert "Why?" in question["text"]
    assert question["reply_markup"]["force_reply"] is True
    (sure,) = say(server, "drift in\nvolatility")
    assert "Fit line linear anew" in sure["text"]
    press(server, sure)
    server.wait_sent(3)
    assert commands(own_run)[0][:4] == ("refit", "linear", "telegram:7 ann7", "drift in volatility")


@pytest.mark.parametrize(
    ("typed", "kind", "subject", "detail"),
    [
        ("/promote linear news", "promote", "linear", {"override": True}),
        ("/rollback linear news", "rollback", "linear", None),
        ("/rollback news", "rollback", None, None),
        ("/approve eefecfed30a9 news", "approve", "eefecfed30a9", None),
        ("/resume news", "resume", None, None),
        ("/retrain news", "refit", None, None),
    ],
)
def test_each_order_is_what_it_says(own_run, start, server, typed, kind, subject, detail):
    start(own_run)
    press(server, say(server, typed)[0])
    server.wait_sent(2)
    ((kind_, subject_, _, reason, detail_),) = commands(own_run)
    assert (kind_, subject_, reason) == (kind, subject, "news")
    assert (json.loads(detail_) if detail_ else None) == detail


def test_no_means_no(own_run, start, server):
    start(own_run)
    press(server, say(server, "/kill news")[0], "No")
    wait_for(lambda: server.edited)
    assert server.edited[0]["text"].endswith("Left as it is.")
    assert commands(own_run) == []


def test_a_button_counts_for_who_was_asked_where_and_for_a_minute(own_run, start, server):
    bot = start(own_run)
    (question,) = say(server, "/kill news", chat=-100)
    press(server, question, chat=-100, user=9)
    press(server, question, chat=7)
    server.press("y:" + "x" * 40, chat=-100)
    server.press("nonsense", chat=-100)
    wait_for(lambda: len(server.answered) == 4)
    assert all("expired" in one["text"] for one in server.answered)
    bot.seconds = 61.0
    press(server, question, chat=-100)
    wait_for(lambda: len(server.answered) == 5)
    assert commands(own_run) == []
    (question,) = say(server, "/kill news", chat=-100)
    press(server, question, chat=-100)
    wait_for(lambda: commands(own_run))


def test_a_reason_that_comes_too_late_is_no_reason(own_run, start, server):
    bot = start(own_run)
    say(server, "/kill")
    bot.seconds = 61.0
    assert say(server, "because")[0]["text"] == help_text()
    say(server, "/kill")
    say(server, "/positions")
    assert say(server, "because")[0]["text"] == help_text(), "another command ended it"


def test_an_order_of_long_ago_is_not_done(own_run, start, server):
    start(own_run)
    (told,) = say(server, "/kill news", ago_seconds=400)
    assert "send it again" in told["text"]
    assert say(server, "/positions", ago_seconds=400)[0]["text"].startswith("1 position")


def test_what_has_to_be_named_is_asked_for_with_the_nearest(own_run, start, server):
    start(own_run)
    assert "did you mean 'linear'" in say(server, "/promote linaer news")[0]["text"]
    assert "first digits of a package" in say(server, "/approve it please")[0]["text"]
    assert commands(own_run) == []


def test_the_outcome_is_told_when_the_loop_has_obeyed_also_after_a_restart(own_run, start, server):
    bot = start(own_run)
    press(server, say(server, "/kill news")[0])
    assert "You will be told." in server.wait_sent(2)[1]["text"]
    bot.stop()
    with Ledger.open(own_run / "ledger.sqlite", read_only=True) as ledger:
        (order,) = ledger.read("commands", ["id"])["id"].to_list()
    with Ledger.open(own_run / "ledger.sqlite") as ledger, ledger.transaction("trade") as tx:
        tx.append("obeyed", {"event_time_ns": 1, "after": 1, "id": order, "kind": "kill",
                             "actor": "telegram:7 ann7", "reason": "news",
                             "outcome": "refused: no"})  # fmt: skip
    start(own_run)
    assert server.wait_sent(3)[2]["text"] == "/kill: refused: no."
    wait_for(lambda: Memory(own_run).orders == {})


def test_an_order_that_cannot_be_written_says_so(own_run, start, server):
    start(own_run)
    (question,) = say(server, "/kill news")
    (own_run / "ledger.sqlite").write_bytes(b"damaged" * 1_000)
    press(server, question)
    assert "/kill was not done" in server.wait_sent(2)[1]["text"]


# -- what Telegram does ----------------------------------------------------------------------------


def test_an_update_is_handled_once_over_restarts(own_run, start, server):
    bot = start(own_run)
    (question,) = say(server, "/kill news")
    bot.stop()
    server.updates = list(server.history)  # as if nothing had been confirmed to Telegram
    start(own_run)
    press(server, question)
    wait_for(lambda: server.answered)
    assert "expired" in server.answered[0]["text"], "buttons of before count no more"
    assert len(server.sent) == 1, "and nothing is asked a second time"
    assert commands(own_run) == []


@pytest.mark.parametrize(
    "faults",
    [
        [500], [502, 502], ["drop"], ["cut"], ["garbage"], ["html"], ["hang"],
        [(409, {}, {"ok": False, "error_code": 409, "description": "Conflict: terminated"})],
        [(429, {}, {"ok": False, "error_code": 429, "description": "Too Many Requests: retry",
                    "parameters": {"retry_after": 1}})],
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("method", ["getUpdates", "sendMessage"])
def test_it_goes_on_after_any_trouble(asked, server, faults, method, caplog):
    caplog.set_level(logging.DEBUG)
    asked("/help")
    server.faults_for, server.faults = method, list(faults)
    assert asked("/positions").startswith("1 position")
    assert server.token not in caplog.text


@pytest.mark.parametrize(
    "said",
    [[], {"ok": True}, {"ok": True, "result": 5},
     {"ok": True, "result": [{"update_id": 1, "message": {}}]}],
)  # fmt: skip
def test_it_goes_on_after_news_of_no_shape(asked, server, said):
    asked("/help")
    server.faults_for, server.faults = "getUpdates", [(200, {}, said)]
    assert asked("/positions").startswith("1 position")


def test_a_token_that_telegram_does_not_know_ends_it(lived, tmp_path, start, server):
    server.faults = [(401, {}, {"ok": False, "error_code": 401, "description": "Unauthorized"})]
    bot = start(lived, memory=Memory(tmp_path))
    wait_for(lambda: bot.error is not None)
    assert "BotFather" in str(bot.error)
    assert server.token not in str(bot.error)
    bot.error = None
    bot.desk.close()
