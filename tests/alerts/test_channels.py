import json
import logging

import pytest

from edgekeeper.alerts import CHANNELS, Alert, FileChannel, LogChannel

ALERT = Alert(5, "critical", "drawdown", "account down 16 %", {"drawdown": 0.16})


@pytest.mark.parametrize("severity", ["critical", "warning", "info"])
def test_the_log_gets_one_structured_line_at_the_right_level(severity, caplog):
    with caplog.at_level(logging.INFO, logger="edgekeeper.alerts"):
        LogChannel().send(Alert(5, severity, "drift", "100 % odd", {"psi": 0.3}))
    (record,) = caplog.records
    assert record.levelname == severity.upper()
    assert json.loads(record.getMessage())["detail"] == {"psi": 0.3}


def test_the_file_grows_by_a_line_and_survives_rotation(tmp_path):
    path = tmp_path / "alerts.log"
    channel = FileChannel(path)
    channel.send(ALERT)
    channel.send(ALERT)
    assert [json.loads(line)["rule"] for line in path.read_text().splitlines()] == ["drawdown"] * 2
    path.rename(tmp_path / "alerts.log.1")
    channel.send(ALERT)
    assert len(path.read_text().splitlines()) == 1


def test_an_unwritable_file_raises_what_the_fanout_catches(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        FileChannel(tmp_path / "file" / "alerts.log").send(ALERT)


def test_every_registered_channel_has_the_name_it_is_registered_under(tmp_path):
    made = {"log": LogChannel(), "file": FileChannel(tmp_path / "alerts.log")}
    assert set(CHANNELS) == set(made)
    for name, channel in made.items():
        assert type(channel) is CHANNELS[name]
        assert channel.name == name
