"""``python -m edgekeeper.sidecar FOLDER``: answers signals at FOLDER's socket.

Its standard input is a pipe from whoever started it: one line with the ledger's URL, if any. When
it closes, what was taken is written down and answered, and the process ends.
"""

import asyncio
import sys
from pathlib import Path

from edgekeeper.child import Parent, end_with
from edgekeeper.config import Config
from edgekeeper.logs import set_up_logs
from edgekeeper.sidecar.running import run_sidecar
from edgekeeper.watch import with_local

__all__ = ["main"]


def main() -> None:
    """Answer until the parent is gone."""
    parent, folder = Parent(), Path(sys.argv[1])
    set_up_logs("signals", with_local(folder, Config()).logs)
    asyncio.run(run_sidecar(folder, ledger_url=parent.first_line or None, parent=parent))


if __name__ == "__main__":
    end_with(main)
