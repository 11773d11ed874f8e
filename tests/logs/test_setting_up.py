"""Logs are for people or for programs, have levels by topic, and never hold a secret."""

import io
import json
import logging
import warnings

import pytest

from edgekeeper.config import LogsConfig, parse_config
from edgekeeper.errors import UsageError
from edgekeeper.logs import set_up_logs


@pytest.fixture(autouse=True)
def as_before():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.fixture
def logged(monkeypatch):
    """Set logs up, and read what was written; a server of another test may have set its own."""
    stream = io.StringIO()
    for name in ("uvicorn", "uvicorn.error"):
        server = logging.getLogger(name)
        monkeypatch.setattr(server, "level", logging.NOTSET)
        monkeypatch.setattr(server, "propagate", True)
        monkeypatch.setattr(server, "disabled", False)

    def begin(environment=None, **settings):
        set_up_logs("web", LogsConfig(**settings), stream=stream, environment=environment or {})
        return lambda: stream.getvalue().splitlines()

    return begin


def test_a_line_of_json_holds_everything_that_was_said(logged):
    lines = logged(format="json")
    logging.getLogger("edgekeeper.api").warning(
        "slow %s", "route", extra={"route": "/v1/bars", "seconds": 0.5, "nan": float("nan"),
                                   "deep": {"a": [1, {"b": {"c": object}}]}},
    )  # fmt: skip
    (line,) = [json.loads(line) for line in lines()]
    assert line["message"] == "slow route"
    assert (line["level"], line["process"], line["logger"]) == ("warning", "web", "edgekeeper.api")
    assert (line["route"], line["seconds"], line["nan"]) == ("/v1/bars", 0.5, None)
    assert line["time"].endswith("Z")
    assert "topic" not in line


def test_an_error_is_one_line_with_its_trace(logged):
    lines = logged(format="json")
    try:
        raise UsageError("expected a, got password=hunter2hunter2")
    except UsageError:
        logging.getLogger("edgekeeper").exception("it failed")
    (line,) = [json.loads(line) for line in lines()]
    assert line["error"]["kind"] == "UsageError"
    assert "Traceback" in line["error"]["trace"]
    assert "hunter2" not in str(line)


def test_people_get_one_line_that_none_can_forge(logged):
    lines = logged(format="plain")
    logging.getLogger("edgekeeper.api").info(
        "a\n2026 CRITICAL web: forged \x1b[31m", extra={"k": 1}
    )
    (line,) = lines()
    assert r"a\n2026 CRITICAL web: forged \x1b[31m  k=1" in line
    assert "INFO     web: api: " in line


def test_off_a_terminal_programs_are_expected(logged):
    lines = logged()
    logging.getLogger("x").warning("m")
    assert json.loads(lines()[0])["message"] == "m"


def test_topics_have_levels_of_their_own(logged):
    lines = logged(level="info", models="error", predictions="off", format="plain")
    logging.getLogger("edgekeeper.learn.service").warning("a fit")
    logging.getLogger("edgekeeper.registry").error("a broken package")
    logging.getLogger("edgekeeper.trade").critical("a decision")
    logging.getLogger("edgekeeper.api").info("named", extra={"topic": "predictions"})
    logging.getLogger("edgekeeper.traders").info("another name")
    logging.getLogger("edgekeeper.api").debug("below the level")
    assert [line.rpartition(": ")[2] for line in lines()] == ["a broken package", "another name"]


def test_warnings_and_libraries_are_caught_but_do_not_chatter(logged):
    lines = logged(format="json")
    logging.getLogger("uvicorn.access").info("GET /login?code=abc")
    logging.getLogger("uvicorn.error").info("started")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    said = [json.loads(line) for line in lines()]
    assert [one["logger"] for one in said] == ["uvicorn.error", "py.warnings"]


def test_setting_up_again_replaces(logged):
    logged(format="json")
    lines = logged(format="json")
    logging.getLogger("x").warning("once")
    assert len(lines()) == 1


def test_the_configuration_has_a_section_and_refuses_what_it_does_not_know():
    assert parse_config("logs.predictions = 'off'").logs.predictions == "off"
    assert parse_config("logs.level = 'debug'").hash() == parse_config("").hash()
    with pytest.raises(UsageError):
        parse_config("logs.level = 'loud'")
