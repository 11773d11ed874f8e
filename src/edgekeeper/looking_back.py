"""Work of seconds for the web process, in a process of its own: drift and insights of a run.

What it takes (learners, SciPy, a whole record) would stay in the memory of a process that serves
for a year, and its arithmetic would stand in the way of answers. ``python -m
edgekeeper.looking_back RUN drift|insights`` reads the ledger's URL from its first line of input, or
an empty one, and prints JSON.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from edgekeeper.errors import BadData, EdgekeeperError

if TYPE_CHECKING:
    from edgekeeper.report.sections import Telling

__all__ = ["drift_of", "insights_of", "main"]

What = Literal["drift", "insights"]
_ERROR = "error"
_LONGEST_SECONDS = 1_800.0
_NICENESS = 10


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


def _asked(run: Path, what: What, ledger_url: str | None) -> Mapping[str, Any]:
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
    if _ERROR in said:
        raise BadData(str(said[_ERROR]))
    return said


def _drift(run: Path, ledger_url: str | None) -> Mapping[str, Any]:
    from edgekeeper.desk.drift_told import told_of_run
    from edgekeeper.workbench.drifting import drift_of_run

    return told_of_run(drift_of_run(run, ledger_url=ledger_url)).json


def _insights(run: Path, ledger_url: str | None) -> Mapping[str, Any]:
    from edgekeeper.workbench.analysing import analyze

    return asdict(analyze(run, ledger_url=ledger_url))


def main() -> None:
    """Answer once."""
    os.nice(_NICENESS)
    run, what = Path(sys.argv[1]), sys.argv[2]
    ledger_url = sys.stdin.readline().strip() or None
    try:
        said = (_drift if what == "drift" else _insights)(run, ledger_url)
    except EdgekeeperError as error:
        said = {_ERROR: str(error)}
    json.dump(said, sys.stdout, default=_plain)


def _plain(value: Any) -> Any:
    """Arrays and numbers of NumPy as those of Python; what nobody knows, as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


if __name__ == "__main__":
    main()
