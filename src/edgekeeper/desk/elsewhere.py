"""Work of seconds over a whole record, asked of a process of its own.

What it takes (learners, SciPy, all bars) would stay in the memory of a process that serves for a
year, and its arithmetic would stand in the way of answers.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekeeper.desk.data_quality import DataQuality
from edgekeeper.errors import BadData

if TYPE_CHECKING:
    from edgekeeper.report.sections import Telling

__all__ = ["ERROR", "drift_of", "insights_of", "quality_of"]

ERROR = "error"
"""Under this name the other process says why it has no answer."""

_LONGEST_SECONDS = 1_800.0


def drift_of(run: Path, ledger_url: str | None = None) -> Mapping[str, Any]:
    """Return figures of what a run's model sees, as ``edgekeeper drift RUN --json`` prints them.

    Raises
    ------
    BadData
        There is nothing to compare, or the process ended without an answer.
    """
    return _asked(run, "drift", ledger_url)


def insights_of(run: Path, ledger_url: str | None = None) -> "Telling":
    """Return what a run's record teaches.

    Raises
    ------
    BadData
        No run on record, or the process ended without an answer.
    """
    from edgekeeper.report.sections import Section, Telling

    said = dict(_asked(run, "insights", ledger_url))
    sections = [Section(**section) for section in said.pop("sections")]
    return Telling(**said, sections=sections)


def quality_of(run: Path, ledger_url: str | None = None) -> DataQuality:
    """Return how good the bars of a run are.

    Raises
    ------
    BadData
        Bars or quarantine are damaged, or the process ended without an answer.
    """
    return DataQuality.unpacked(_asked(run, "quality", ledger_url))


def _asked(run: Path, what: str, ledger_url: str | None) -> Mapping[str, Any]:
    command = [sys.executable, "-m", "edgekeeper.looking_back", str(run), what]
    try:
        ended = subprocess.run(
            command, input=f"{ledger_url or ''}\n", capture_output=True, text=True, check=False,
            timeout=_LONGEST_SECONDS,
        )  # fmt: skip
        said: dict[str, Any] = json.loads(ended.stdout)
    except subprocess.TimeoutExpired as error:
        raise BadData(f"{what} of {run} took more than {_LONGEST_SECONDS:.0f} s") from error
    except ValueError as error:
        last = (ended.stderr.strip().splitlines() or ["without a word"])[-1]
        raise BadData(f"{what} of {run}: expected an answer, got none: {last[:200]}") from error
    if ERROR in said:
        raise BadData(str(said[ERROR]))
    return said
