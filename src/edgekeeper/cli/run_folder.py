"""Find the folder of a run."""

import sys
from pathlib import Path

from edgekeeper.desk.folder import LEDGER
from edgekeeper.errors import UsageError, nearest

__all__ = ["DEMO", "LEDGER", "MARKETS", "PAPER", "RUN", "find_live_run", "find_run"]

RUN = "edgekeeper-run"
DEMO = "edgekeeper-demo"
PAPER = "edgekeeper-paper"
MARKETS = ("noise", "flip", "real")


def find_run(asked: str = "") -> Path:
    """Return the folder asked for; else the usual one; else that of the demo on real bars.

    Raises
    ------
    UsageError
        No run there, or several.
    """
    if asked:
        return _run_in(Path(asked))
    for folder in (Path(RUN), Path(PAPER), *(Path(DEMO, name) for name in reversed(MARKETS))):
        if (folder / LEDGER).is_file():
            if folder != Path(RUN):
                sys.stderr.write(f"run: {folder} (--run chooses another)\n")
            return folder
    raise UsageError(
        f"found no run here (neither {RUN} nor {DEMO}): make one with `edgekeeper replay --bars "
        "YOUR.csv` or `edgekeeper demo`, or name its folder with --run"
    )


def find_live_run(asked: str = "") -> Path:
    """Return the folder asked for, or that of `paper` here.

    Raises
    ------
    UsageError
        No run there.
    """
    if asked or (Path(PAPER) / LEDGER).is_file():
        return _run_in(Path(asked or PAPER))
    raise UsageError(
        f"found no live run here (no {PAPER}): start one with `edgekeeper paper`, or name its "
        "folder with --run"
    )


def _run_in(folder: Path) -> Path:
    if (folder / LEDGER).is_file():
        return folder
    inside = sorted(path.parent.name for path in folder.glob(f"*/{LEDGER}"))
    if inside:
        raise UsageError(
            f"--run: {folder} holds several runs: name one, such as {folder / inside[-1]} "
            f"(there are {', '.join(inside)})"
        )
    beside = [path.parent.name for path in folder.parent.glob(f"*/{LEDGER}")]
    raise UsageError(
        f"--run: expected a folder with {LEDGER}, found none in {folder}"
        f"{nearest(folder.name, beside)}"
    )
