"""Work of seconds over a whole record: drift, insights and the quality of bars, for who asks.

``python -m edgekeeper.looking_back RUN drift|insights|quality`` reads the ledger's URL from its
first line of input, or an empty one, and prints JSON; see :mod:`edgekeeper.desk.elsewhere`.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgekeeper.child import stand_back
from edgekeeper.desk.elsewhere import ERROR
from edgekeeper.errors import EdgekeeperError

__all__ = ["main"]


def _drift(run: Path, ledger_url: str | None) -> Mapping[str, Any]:
    from edgekeeper.desk.drift_told import told_of_run
    from edgekeeper.workbench.drifting import drift_of_run

    return told_of_run(drift_of_run(run, ledger_url=ledger_url)).json


def _insights(run: Path, ledger_url: str | None) -> Mapping[str, Any]:
    from edgekeeper.workbench.analysing import analyze

    return asdict(analyze(run, ledger_url=ledger_url))


def _quality(run: Path, ledger_url: str | None) -> Mapping[str, Any]:
    from edgekeeper.desk import open_ledger, read_data_quality

    with open_ledger(run, ledger_url or "") as ledger:
        return read_data_quality(run, ledger).packed()


_WORK = {"drift": _drift, "insights": _insights, "quality": _quality}


def main() -> None:
    """Answer once."""
    stand_back()
    run, what = Path(sys.argv[1]), sys.argv[2]
    ledger_url = sys.stdin.readline().strip() or None
    try:
        said = _WORK[what](run, ledger_url)
    except EdgekeeperError as error:
        said = {ERROR: str(error)}
    json.dump(said, sys.stdout, default=_plain)


def _plain(value: Any) -> Any:
    """Arrays and numbers of NumPy as those of Python; what nobody knows, as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


if __name__ == "__main__":
    main()
