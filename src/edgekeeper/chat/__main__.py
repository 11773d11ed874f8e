"""``python -m edgekeeper.chat FOLDER``: the Telegram bot of a run.

Its standard input is a pipe from whoever started it: one line with the ledger's URL, if any. When
it closes the bot ends.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path

from edgekeeper.chat.running import keep_chat
from edgekeeper.child import Parent, end_with
from edgekeeper.config import Config
from edgekeeper.desk import Acts, Desk
from edgekeeper.desk.elsewhere import drift_of
from edgekeeper.logs import set_up_logs
from edgekeeper.watch import with_local

__all__ = ["main"]


def main() -> None:
    """Talk until the parent ends."""
    parent = Parent()
    folder, url = Path(sys.argv[1]), parent.first_line or None
    set_up_logs("chat", with_local(folder, Config()).logs)
    acts = Acts(drift=partial(drift_of, ledger_url=url))
    with Desk(folder, ledger_url=url, acts=acts) as desk:
        asyncio.run(keep_chat(desk, parent.gone.is_set))


if __name__ == "__main__":
    end_with(main)
