"""Logs of the processes of ``edgekeeper serve``: one place where they are set up.

Lines go to standard error, where systemd, a container or a terminal takes them. People get plain
lines; programs get JSON, one object a line, with everything that was passed as ``extra``. A record
may name its topic, ``extra={"topic": "predictions"}``, which has a level of its own.
"""

import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import Any, TextIO

from edgekeeper.config import LogsConfig
from edgekeeper.logs.redacting import Redactor

__all__ = ["TOPICS", "set_up_logs"]

TOPICS: dict[str, tuple[str, ...]] = {
    "models": ("edgekeeper.learn", "edgekeeper.models", "edgekeeper.registry", "edgekeeper.train"),
    "predictions": ("edgekeeper.trade", "edgekeeper.sidecar"),
}
"""Topics, and the loggers whose records belong to them where they name none."""

_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "topic"}
_NOISY = ("alembic", "uvicorn.access", "httpx", "httpcore", "apscheduler", "asyncio", "watchfiles")
_DEEPEST = 4


def set_up_logs(
    process: str,
    settings: LogsConfig | None = None,
    *,
    stream: TextIO | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Send what is logged in this process to one stream, in place of whatever was set up before.

    Parameters
    ----------
    process : str
        Who logs: ``"web"``, ``"signals"``, ...
    settings : LogsConfig, optional
    stream : text file, optional
        Else standard error.
    environment : mapping, optional
        Whose secret values are hidden; else that of this process.
    """
    chosen = settings or LogsConfig()
    stream = stream or sys.stderr
    as_json = chosen.format == "json" or (chosen.format == "auto" and not stream.isatty())
    hide = Redactor(environment)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(process, hide) if as_json else PlainLines(process, hide))
    handler.addFilter(ByTopic({"models": chosen.models, "predictions": chosen.predictions}))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(_level(chosen.level))
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, _level(chosen.level)))
    logging.captureWarnings(True)


class ByTopic(logging.Filter):
    """Lets records of a topic pass from that topic's level on.

    Parameters
    ----------
    levels : mapping of topic to level
        ``"off"``: none of them.
    """

    def __init__(self, levels: Mapping[str, str]) -> None:
        super().__init__()
        self._levels = {topic: _level(level) for topic, level in levels.items()}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is written."""
        topic = _topic(record)
        return topic is None or record.levelno >= self._levels.get(topic, logging.NOTSET)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, process, logger, message, whatever else was passed."""

    def __init__(self, process: str, hide: Redactor) -> None:
        super().__init__()
        self._process, self._hide = process, hide

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        said: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
        }
        topic = _topic(record)
        if topic is not None:
            said["topic"] = topic
        said["message"] = record.getMessage()
        said |= {k: v for k, v in vars(record).items() if k not in _USUAL and k not in said}
        if record.exc_info and record.exc_info[0] is not None:
            said["error"] = {
                "kind": record.exc_info[0].__name__,
                "trace": self.formatException(record.exc_info),
            }
        return json.dumps(self._plain(said), separators=(",", ":"), ensure_ascii=False)

    def _plain(self, value: Any, depth: int = 0) -> Any:
        if isinstance(value, bool | int) or value is None:
            return value
        if isinstance(value, float):
            return value if abs(value) < float("inf") else None  # NaN compares as neither
        if isinstance(value, Mapping) and depth < _DEEPEST:
            return {self._hide(str(k)): self._item(str(k), v, depth) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset) and depth < _DEEPEST:
            return [self._plain(item, depth + 1) for item in value]
        return self._hide(str(value))

    def _item(self, name: str, value: Any, depth: int) -> Any:
        """Take a value's name along, which may say that it is a secret."""
        if (
            isinstance(value, str)
            and (hidden := self._hide(f"{name}={value}")) != f"{name}={value}"
        ):
            return hidden.removeprefix(f"{name}=")
        return self._plain(value, depth + 1)


class PlainLines(logging.Formatter):
    """One line for people; control characters are shown, so that none can forge another line."""

    def __init__(self, process: str, hide: Redactor) -> None:
        super().__init__()
        self._process, self._hide = process, hide

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and below it a trace where there is one."""
        more = " ".join(f"{k}={v}" for k, v in vars(record).items() if k not in _USUAL)
        text = f"{record.getMessage()}{'  ' if more else ''}{more}"
        name = record.name.removeprefix("edgekeeper.")
        line = f"{_time(record)} {record.levelname:<8} {self._process}: {name}: {_shown(text)}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return self._hide(line)


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _topic(record: logging.LogRecord) -> str | None:
    named = getattr(record, "topic", None)
    if isinstance(named, str):
        return named
    for topic, loggers in TOPICS.items():
        if any(record.name == one or record.name.startswith(f"{one}.") for one in loggers):
            return topic
    return None


def _time(record: logging.LogRecord) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{whole}.{int(record.msecs):03d}Z"


def _level(name: str) -> int:
    return logging.CRITICAL + 1 if name == "off" else logging.getLevelNamesMapping()[name.upper()]
