"""``python -m edgekeeper.sidecar FOLDER``: answers signals at FOLDER's socket.

Its standard input is a pipe from whoever started it: one line with the ledger's URL, if any. When
it closes, what was taken is written down and answered, and the process ends. From a terminal, an
empty line stands for no URL, and Ctrl-C ends it.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from edgekeeper.errors import EdgekeeperError
from edgekeeper.sidecar.running import run_sidecar

__all__ = ["main"]


def main() -> int:
    """Answer until the parent is gone; Ctrl-C is the parent's to obey, where there is one."""
    parent = None
    if not sys.stdin.isatty():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        parent = sys.stdin.fileno()
    ledger_url = _first_line(parent) if parent is not None else None
    try:
        asyncio.run(run_sidecar(Path(sys.argv[1]), ledger_url=ledger_url, parent=parent))
    except KeyboardInterrupt:
        return 0
    except EdgekeeperError as error:
        print(f"edgekeeper.sidecar: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _first_line(descriptor: int) -> str | None:
    """Read one line, byte by byte: what follows is the event loop's to see."""
    said = b""
    while (one := os.read(descriptor, 1)) not in (b"", b"\n"):
        said += one
    return said.decode().strip() or None


if __name__ == "__main__":
    sys.exit(main())
