"""``python -m edgekeeper.chat``: told by its input where the record is, ended by its end."""

import os
import subprocess
import sys
import time

import pytest

from edgekeeper.config import parse_config
from edgekeeper.watch import keep_local, last_beat


@pytest.fixture
def begin(tmp_path, server):
    children = []

    def start(folder, **telegram):
        given = {"chats": [7], "commands_from": [7], "api_url": server.url, **telegram}
        keep_local(folder, parse_config({"notify": {"telegram": given}}))
        child = subprocess.Popen(
            [sys.executable, "-m", "edgekeeper.chat", str(folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "EDGEKEEPER_TELEGRAM_TOKEN": server.token},
        )  # fmt: skip
        children.append(child)
        child.stdin.write(b"\n")
        child.stdin.flush()
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def test_it_answers_gives_signs_of_life_and_ends_with_its_parent(tmp_path, server, begin):
    child = begin(tmp_path)
    server.say("/ml_status")
    assert server.wait_sent(1, 20.0)[0]["text"] == "There is no run here yet."
    beat = last_beat(tmp_path, "chat")
    assert (beat.pid, beat.state) == (child.pid, "alive")
    began = time.monotonic()
    said, _ = child.communicate(timeout=10)
    assert time.monotonic() - began < 10.0, "a question for news that is open is let go"
    assert (child.returncode, said) == (0, b"")
    assert last_beat(tmp_path, "chat").state == "stopped"


@pytest.mark.parametrize("wrong", ["nobody", "token"])
def test_wrong_settings_end_it_with_one_line(tmp_path, server, begin, wrong):
    if wrong == "token":
        server.token = "999:another-token"
        child = begin(tmp_path)
        server.token = "5:changed-since"
    else:
        child = begin(tmp_path, commands_from=[])
    assert child.wait(20) == 2
    said = child.stdout.read()
    last = said.decode().strip().splitlines()[-1]
    assert ("BotFather" if wrong == "token" else "commands_from") in last
    assert b"another-token" not in said
