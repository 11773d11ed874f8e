import json
import math

import pytest

from edgekeeper.config import WatchConfig
from edgekeeper.watch import Beat, Heart, last_beat, why_dead
from edgekeeper.watch.heartbeat import heartbeat_file


def test_a_beat_is_read_back_and_ages(tmp_path):
    now = [10**12]
    heart = Heart(tmp_path, "trade", 1.0, lambda: now[0])
    assert last_beat(tmp_path, "trade") is None
    assert heart.beat("alive")
    first = last_beat(tmp_path, "trade")
    assert first.age_seconds(now[0] + 3 * 10**9) == 3.0
    now[0] += 10**8
    assert heart.beat("alive")
    assert last_beat(tmp_path, "trade") == first, "not more often than asked for"
    assert heart.beat("busy"), "but a change is told at once"
    assert last_beat(tmp_path, "trade").state == "busy"
    assert [path.name for path in tmp_path.iterdir()] == ["heartbeat-trade.json"]


@pytest.mark.parametrize(
    ("monotonic", "boot"), [(5, "now"), (10, "before"), (4, "before")], ids=str
)
def test_a_beat_of_the_future_or_of_another_start_of_the_machine_is_infinitely_old(monotonic, boot):
    beat = Beat("trade", 1, "alive", 0, 6 if boot == "now" else 4, boot)
    assert beat.age_seconds(monotonic, "now") == math.inf


@pytest.mark.parametrize(
    "change",
    [
        lambda said: "",
        lambda said: "[]",
        lambda said: "null",
        lambda said: said[:-9],
        lambda said: said.replace("alive", "well"),
        lambda said: said.replace('"pid": ', '"pid": 1.5, "was": '),
        lambda said: said.replace("trade", "watch"),
        lambda said: json.dumps({"state": "alive"}),
    ],
)
def test_a_damaged_file_is_no_sign_of_life(tmp_path, change):
    Heart(tmp_path, "trade", 1.0).beat()
    file = heartbeat_file(tmp_path, "trade")
    file.write_text(change(file.read_text()))
    assert last_beat(tmp_path, "trade") is None


def test_what_cannot_be_written_looks_like_death(tmp_path):
    heart = Heart(tmp_path / "gone", "trade", 0.0)
    assert heart.beat() is False
    assert last_beat(tmp_path / "gone", "trade") is None


SETTINGS = WatchConfig(heartbeat_seconds=1.0, dead_after_seconds=10.0, busy_seconds=100.0)


@pytest.mark.parametrize(
    ("state", "age", "writes", "why"),
    [
        ("alive", 9.0, True, None),
        ("alive", 11.0, True, "no sign of life for 11 s"),
        ("busy", 99.0, True, None),
        ("busy", 101.0, True, "no sign of life"),
        ("starting", 99.0, True, None),
        ("alive", 0.5, False, None),
        ("alive", 2.0, False, "is gone"),
        ("failed", 0.0, True, "ended by an error"),
        ("stopped", 1e6, False, None),
    ],
)
def test_when_a_trading_loop_counts_as_dead(monkeypatch, state, age, writes, why):
    monkeypatch.setattr(Beat, "age_seconds", lambda self: age)
    found = why_dead(Beat("trade", 7, state, 0, 0, ""), SETTINGS, writes=writes)
    assert (found is None) if why is None else (why in found and "process 7" in found)
    assert why_dead(None, SETTINGS, writes=False) is None
