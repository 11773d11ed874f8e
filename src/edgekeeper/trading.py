"""The trading loop of a service, as a process: ``python -m edgekeeper.trading RUN``.

The first line of its input is JSON: where the ledger is, and what a run that begins is to trade.
"""

import json
import sys
from pathlib import Path

from edgekeeper.child import Parent, end_with
from edgekeeper.config import Config, parse_config
from edgekeeper.logs import set_up_logs
from edgekeeper.paper import paper
from edgekeeper.running import Blank
from edgekeeper.wanted import Wanted
from edgekeeper.watch import with_local

__all__ = ["main"]


def main() -> None:
    """Trade on paper until the parent ends."""
    parent = Parent()
    told = json.loads(parent.first_line)
    folder = Path(sys.argv[1])
    set_up_logs("trade", with_local(folder, Config()).logs)
    paper(
        Wanted.from_json(told["wanted"]),
        None if told["config"] is None else parse_config(told["config"]),
        out=folder,
        screen=Blank(),
        stop=parent.gone.is_set,
        ledger_url=told["ledger_url"],
    )


if __name__ == "__main__":
    end_with(main)
