"""The trading loop of a service, as a process: ``python -m edgekeeper.trading RUN``.

The first line of its input is JSON: where the ledger is, and what a run that begins is to trade.
"""

import json
import sys
from pathlib import Path
from typing import Any

from edgekeeper.child import Parent, end_with
from edgekeeper.config import parse_config
from edgekeeper.paper import paper
from edgekeeper.paper_start import Wanted
from edgekeeper.running import Blank

__all__ = ["main", "order_to_trade"]


def order_to_trade(ledger_url: str | None, wanted: Wanted, config: dict[str, Any] | None) -> str:
    """Return the line that tells the process what to do.

    Parameters
    ----------
    ledger_url : str or None
    wanted : Wanted
    config : mapping or None
        As :func:`~edgekeeper.config.parse_config` reads it; None: that of the run that goes on.
    """
    return json.dumps(
        {
            "ledger_url": ledger_url,
            "source": wanted.source,
            "symbols": wanted.symbols,
            "interval": wanted.interval,
            "history_days": wanted.history_days,
            "parent": None if wanted.parent is None else str(wanted.parent),
            "config": config,
        }
    )


def main() -> None:
    """Trade on paper until the parent ends."""
    parent = Parent()
    said = json.loads(parent.first_line)
    wanted = Wanted(
        said["source"],
        tuple(said["symbols"]),
        said["interval"],
        said["history_days"],
        None if said["parent"] is None else Path(said["parent"]),
    )
    paper(
        wanted,
        None if said["config"] is None else parse_config(said["config"]),
        out=Path(sys.argv[1]),
        screen=Blank(),
        stop=parent.gone.is_set,
        ledger_url=said["ledger_url"],
    )


if __name__ == "__main__":
    end_with(main)
