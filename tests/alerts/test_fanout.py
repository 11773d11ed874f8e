import json

import pytest

from edgekeeper.alerts import Alert, Fanout, FileChannel
from edgekeeper.errors import UsageError

ALERT = Alert(5, "warning", "drift", "volume drifts")


class BrokenCode:
    name = "broken"

    def send(self, alert):
        raise KeyError(alert.rule)


def test_a_dead_channel_is_counted_and_the_others_still_deliver(tmp_path):
    (tmp_path / "blocked").write_text("")
    dead = FileChannel(tmp_path / "blocked" / "alerts.log", name="dead")
    alive = FileChannel(tmp_path / "alerts.log")
    fanout = Fanout([dead, alive])
    assert [fanout.send(ALERT) for _ in range(3)] == [1, 1, 1]
    assert len(alive.path.read_text().splitlines()) == 3
    assert fanout.health["file"].delivered == 3
    health = fanout.health["dead"]
    assert (health.failed, health.failed_in_a_row, health.delivered) == (3, 3, 0)
    assert "NotADirectoryError" in health.last_error


def test_a_channel_that_comes_back_is_up_again(tmp_path):
    folder = tmp_path / "later"
    fanout = Fanout([FileChannel(folder / "alerts.log")])
    assert fanout.send(ALERT) == 0
    folder.mkdir()
    assert fanout.send(ALERT) == 1
    health = fanout.health["file"]
    assert (health.failed, health.failed_in_a_row, health.delivered) == (1, 0, 1)
    assert json.loads((folder / "alerts.log").read_text())["rule"] == "drift"


def test_a_mistake_in_a_channel_surfaces():
    with pytest.raises(KeyError):
        Fanout([BrokenCode()]).send(ALERT)


def test_names_are_distinct_and_no_channel_is_fine(tmp_path):
    with pytest.raises(UsageError, match="distinct"):
        Fanout([BrokenCode(), BrokenCode()])
    assert Fanout([]).send(ALERT) == 0
