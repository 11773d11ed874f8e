"""The web process of a service: API, dashboard and metrics; ``python -m edgekeeper.web RUN``.

It trades nothing and decides nothing: it reads the record, hands signals on to the process that
answers them, and writes orders of people down. The first line of its input is JSON: where the
ledger is, and the number of the socket that listens.
"""

import asyncio
import json
import socket
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.child import Parent, end_with
from edgekeeper.config import Config
from edgekeeper.desk import Acts, Desk
from edgekeeper.desk.elsewhere import drift_of, insights_of, quality_of
from edgekeeper.logs import set_up_logs
from edgekeeper.watch import Heart, with_local

if TYPE_CHECKING:
    from fastapi import FastAPI


__all__ = ["main", "make_web"]

_BEAT_SECONDS = 1.0
_TURN_SECONDS = 0.001
"""After so long a thread that makes a page lets the one that answers bots have the interpreter."""
_SECRET_FILE = "web.secret"  # noqa: S105


def make_web(
    folder: Path, settings: Config, *, ledger_url: str | None = None, trades: bool = False
) -> "FastAPI":
    """Build the whole application over the folder of a run.

    Parameters
    ----------
    folder : path
    settings : Config
        Whose local sections count.
    ledger_url : str, optional
    trades : bool
        Whether there should be a process that trades.
    """
    from edgekeeper.api import Access, ApiSettings, kept_secret, make_api
    from edgekeeper.dashboard import add_dashboard
    from edgekeeper.monitoring import Metrics
    from edgekeeper.sidecar import connect

    acts = Acts(
        drift=partial(drift_of, ledger_url=ledger_url),
        analyze=partial(insights_of, ledger_url=ledger_url),
        inspect=partial(quality_of, ledger_url=ledger_url),
    )
    desk = Desk(folder, ledger_url=ledger_url, acts=acts)
    access = Access(folder)
    exchange = connect(folder) if settings.serve.sidecar else None
    limits = ApiSettings(
        hosts=settings.serve.allowed_hosts,
        processes=("trade",) if trades else (),
        dead_after_seconds=settings.watch.dead_after_seconds,
        busy_seconds=settings.watch.busy_seconds,
    )
    app = make_api(desk, access, exchange=exchange, metrics=Metrics(desk), settings=limits)
    add_dashboard(app, desk, access, storage_secret=kept_secret(folder / _SECRET_FILE))
    return app


def main() -> None:
    """Serve until the parent ends."""
    import uvicorn

    from edgekeeper.api import uvicorn_settings

    sys.setswitchinterval(_TURN_SECONDS)
    parent = Parent()
    said = json.loads(parent.first_line)
    folder = Path(sys.argv[1])
    settings = with_local(folder, Config())
    set_up_logs("web", settings.logs)
    app = make_web(folder, settings, ledger_url=said["ledger_url"], trades=said["trades"])
    server = uvicorn.Server(uvicorn.Config(app, **uvicorn_settings()))
    heart = Heart(folder, "web", _BEAT_SECONDS)

    async def run() -> None:
        async def beat() -> None:
            while not parent.gone.is_set():
                heart.beat()
                await asyncio.sleep(_BEAT_SECONDS / 4)
            server.should_exit = True

        beating = asyncio.create_task(beat())
        with socket.socket(fileno=said["listener"]) as listener:
            await server.serve(sockets=[listener])
        beating.cancel()

    asyncio.run(run())
    heart.beat("stopped")


if __name__ == "__main__":
    end_with(main)
