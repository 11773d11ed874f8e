"""``python -m edgekeeper.watch FOLDER``: the watch as a child of the process it watches.

Its standard input is a pipe from the parent: one line with the ledger's URL, if any. When it
closes the parent is gone, however it ended; the watch then records what has to be recorded, and
ends too.
"""

import signal
import sys
from pathlib import Path

from edgekeeper.config import Config
from edgekeeper.logs import set_up_logs
from edgekeeper.watch.local_settings import with_local
from edgekeeper.watch.vigil import keep_vigil

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Watch until the parent ends. Ctrl-C is the parent's to obey."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _wake_when_parent_dies()
    ledger_url = sys.stdin.readline().strip() or None
    folder = Path(sys.argv[1])
    set_up_logs("watch", with_local(folder, Config()).logs)
    keep_vigil(folder, ledger_url=ledger_url, parent=sys.stdin.fileno())


def _wake_when_parent_dies() -> None:
    """Have a frozen watch go on when its parent dies, so that it sees that and ends (Linux)."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGCONT)


if __name__ == "__main__":
    main()
