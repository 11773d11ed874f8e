"""An order from a phone to a trading loop, and its answer back."""

from edgekeeper.build import PaperWanted, paper
from edgekeeper.clock import ManualClock
from edgekeeper.desk import Desk
from edgekeeper.running import Blank

HOUR = 3_600 * 10**9


def test_a_loop_obeys_and_the_chat_is_told(own_run, start, server):
    start(own_run)
    (question,) = ask(server, "/kill the exchange is down")
    (row,) = question["reply_markup"]["inline_keyboard"]
    server.press(row[0]["callback_data"], message_id=question["message_id"])
    assert "You will be told." in server.wait_sent(2)[1]["text"]
    with Desk(own_run) as desk:
        clock = ManualClock(desk.status().last_bar_ns + HOUR)

    def sleep(seconds):
        clock.advance_to(clock.now_ns() + max(round(seconds * 1e9), HOUR // 2))

    looks = []
    end = paper(
        PaperWanted(""), None, out=own_run, screen=Blank(), stop=lambda: len(looks) > 3,
        told=lambda live, poller: looks.append(live.now_ns), clock=clock, sleep=sleep,
        patience_seconds=3_600.0, watched=False,
    )  # fmt: skip
    assert end.halted
    assert server.wait_sent(3)[2]["text"] == "/kill: done."
    (status,) = ask(server, "/ml_status")
    assert status["text"].startswith("The account is halted (operator")
    assert "edgekeeper resume" not in status["text"], "here one writes /resume"


def ask(server, text):
    before = len(server.sent)
    server.say(text)
    return server.wait_sent(before + 1)[before:]
