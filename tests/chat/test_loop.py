"""An order from a phone to a trading loop, and its answer back."""

import contextlib
import subprocess
import sys
import time

import numpy as np
import polars as pl

from edgekeeper.build import PaperWanted, paper
from edgekeeper.clock import ManualClock
from edgekeeper.config import parse_config
from edgekeeper.desk import Desk
from edgekeeper.ledger import Ledger
from edgekeeper.running import Blank

HOUR, START = 3_600 * 10**9, 1_700_006_400 * 10**9
NO_FITS = """
epoch = "bar"
refits.process = false
[[lines]]
name = "linear"
learner = "logistic"
features = ["returns"]
min_bars = 100000
"""


def test_a_loop_obeys_and_the_chat_is_told(tmp_path, start, server):
    files, run = tmp_path / "files", tmp_path / "run"
    files.mkdir()
    bars_of(files)
    clock, looks = ManualClock(START + 100 * HOUR), []

    def sleep(seconds):
        clock.advance_to(clock.now_ns() + max(round(seconds * 1e9), HOUR // 2))

    def told(live, poller):
        """Between two steps somebody writes to the bot; the next step obeys."""
        looks.append(live.now_ns)
        if len(looks) == 2:
            start(run)
            order(server)

    end = paper(
        PaperWanted(f"folder:{files}", ("A/USD",), "1h"), parse_config(NO_FITS), out=run,
        screen=Blank(), stop=lambda: len(looks) > 4, told=told, clock=clock, sleep=sleep,
        patience_seconds=3_600.0, watched=False,
    )  # fmt: skip
    assert end.halted
    assert server.wait_sent(3)[2]["text"] == "/kill: done."
    server.say("/ml_status")
    status = server.wait_sent(4)[3]["text"]
    assert status.startswith("The account is halted (operator, HALTED).")
    assert "Waiting for you: 2" in status, "the halt, and the alert that tells of it"
    with Ledger.open(run / "ledger.sqlite", read_only=True) as ledger:
        (guard,) = ledger.read(
            "guards", ["actor", "detail"], where={"account": "edgekeeper"}
        ).rows()
    assert guard == ("telegram:7 ann7", "the exchange is down")


def order(server):
    server.say("/kill the exchange is down")
    (question,) = server.wait_sent(1)
    (row,) = question["reply_markup"]["inline_keyboard"]
    server.press(row[0]["callback_data"], message_id=question["message_id"])
    assert "You will be told." in server.wait_sent(2)[1]["text"]


def bars_of(folder):
    close = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, 140)))
    opened = np.append(100.0, close[:-1])
    times = (START + HOUR * np.arange(140)).astype("datetime64[ns]").astype("datetime64[s]")
    pl.DataFrame(
        {
            "time": [f"{time}Z" for time in times],
            "open": opened,
            "high": np.maximum(opened, close) * 1.001,
            "low": np.minimum(opened, close) * 0.999,
            "close": close,
            "volume": np.full(140, 1_000.0),
        }
    ).write_csv(folder / "A%2FUSD.csv")


def test_a_side_car_without_a_loop_of_its_own_obeys_too(tmp_path, start, server):
    run = tmp_path / "run"
    with side_car(run):
        start(run)
        server.say("/ml_status")
        status = server.wait_sent(1)[0]["text"]
        assert status == "Bots: 0 signals, 0 outcomes; the bot itself decides (mode observe)."
        server.say("/positions")
        assert server.wait_sent(2)[1]["text"] == "Nothing trades here by itself."
        server.say("/kill news")
        question = server.wait_sent(3)[2]
        (row,) = question["reply_markup"]["inline_keyboard"]
        server.press(row[0]["callback_data"], message_id=question["message_id"])
        server.wait_sent(4)
        wait_for(lambda: server.sent[-1]["text"] in ("kill: done.", "/kill: done."))
        server.say("/ml_status")
        wait_for(lambda: "Signals are halted" in server.sent[-1]["text"])


def wait_for(what, seconds=10.0):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.02)


@contextlib.contextmanager
def side_car(run):
    """The process that answers signals, once it has written down that it began."""
    run.mkdir()
    command = [sys.executable, "-m", "edgekeeper.sidecar", str(run)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        child.stdin.write(b"\n")
        child.stdin.flush()
        wait_for(lambda: (run / "signals.sock").exists(), 30.0)
        with Desk(run) as desk:
            wait_for(lambda: desk.sidecar() is not None)
        yield
    finally:
        child.stdin.close()
        child.wait(20)
