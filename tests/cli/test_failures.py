"""Whatever goes wrong ends in one line, a record, and a stable exit code."""

import errno
import json
from dataclasses import fields

import pytest
from typer.testing import CliRunner

from edgekeeper.cli import Services, make_app
from edgekeeper.errors import BadData, EdgekeeperError, Halted, Refused, StorageError, UsageError


def run(error, *words):
    """Run the demo over services that fail at the first call."""

    def fail(*_, **__):
        raise error

    services = Services(**{field.name: fail for field in fields(Services)})
    return CliRunner().invoke(make_app(services), ["demo", "--out", "nowhere/at/all", *words])


CODES = [
    (EdgekeeperError("plain"), 1, "plain"),
    (UsageError("usage"), 2, "usage"),
    (BadData("data"), 3, "data"),
    (Refused("gate"), 4, "gate"),
    (Halted("halt"), 5, "halt"),
    (StorageError("disk"), 6, "disk"),
    (OSError(errno.ENOSPC, "No space left on device", "here.csv"), 6, "here.csv"),
    (OSError(errno.EROFS, "Read-only file system"), 6, "choose a folder"),
    (PermissionError(errno.EACCES, "Permission denied"), 6, "permissions"),
    (MemoryError(), 6, "memory"),
    (KeyboardInterrupt(), 130, "stopped"),
    (EOFError(), 1, "without an answer"),
]


@pytest.mark.parametrize(("error", "code", "says"), CODES, ids=lambda value: type(value).__name__)
def test_exit_codes_and_messages(error, code, says):
    result = run(error)
    assert result.exit_code == code
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("edgekeeper: ")
    assert says in lines[0]
    assert "Traceback" not in result.output


@pytest.mark.parametrize(("error", "code", "says"), CODES, ids=lambda value: type(value).__name__)
def test_programs_get_a_record(error, code, says):
    result = run(error, "--json")
    record = json.loads(result.stdout)["error"]
    assert (result.exit_code, record["exit_code"]) == (code, code)
    assert says in record["message"]
    assert record["kind"]


def test_what_nobody_foresaw_is_not_hidden():
    assert isinstance(run(ZeroDivisionError("a bug")).exception, ZeroDivisionError)
    assert isinstance(run(ConnectionResetError("a bug")).exception, ConnectionResetError)


def test_a_message_cannot_steer_the_terminal():
    result = run(BadData("file \x1b[2J[bold]\nsecond\x07 line"))
    assert result.stderr == "edgekeeper: file  [2J[bold] second  line\n"


def test_wrong_usage_is_a_record_too(edgekeeper):
    done = edgekeeper("replay", "--json")
    assert done.code == 2
    assert "'--bars'" in done.json["error"]["message"]
