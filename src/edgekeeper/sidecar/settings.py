"""What configures a side-car, and the names of its lines."""

import json
from pathlib import Path

from edgekeeper.config import Config, parse_config
from edgekeeper.ledger import Ledger
from edgekeeper.watch import with_local

__all__ = ["LEDGER_VARIABLE", "LINE_PREFIX", "config_of", "learner_of", "line_of"]

LEDGER_VARIABLE = "EDGEKEEPER_SIDECAR_LEDGER"
"""Tells a fitting process where the record is: it may hold a password."""

LINE_PREFIX = "signals-"


def config_of(folder: Path, ledger: Ledger) -> Config:
    """Return the configuration of the run in this record, or defaults, with local settings."""
    runs = ledger.read("runs", ["config_json"])
    config = parse_config(json.loads(runs["config_json"][-1])) if runs.height else Config()
    return with_local(folder, config)


def line_of(learner: str) -> str:
    """Name of the side-car's line that learns so: none of a run can have it by accident.

    Examples
    --------
    >>> line_of("logistic"), learner_of("signals-logistic")
    ('signals-logistic', 'logistic')
    """
    return LINE_PREFIX + learner


def learner_of(line: str) -> str:
    """Name of the learner of a line."""
    return line.removeprefix(LINE_PREFIX)
