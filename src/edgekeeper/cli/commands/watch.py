"""``edgekeeper watch``: guard a live run from a process of its own."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli.options import AsJson, LedgerUrl
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_live_run
from edgekeeper.cli.stopping import Asked

if TYPE_CHECKING:
    from edgekeeper.watch import Vigil

__all__ = ["watch"]

_HALTED = 5


def watch(
    run: Annotated[
        str,
        typer.Option(
            "--run", metavar="DIR", help="Folder of a live run.", show_default="edgekeeper-paper"
        ),
    ] = "",
    ledger: LedgerUrl = "",
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds", metavar="N", min=0, help="Stop after so long.", show_default="never"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Guard a live run from a process of its own.

    `edgekeeper paper` starts one by itself; start this one first where another account, or a
    service of its own, shall do it. It reads the record, checks the account's guards a second
    time, and orders a halt when one is missing or the trading loop dies. While it lives trading
    depends on it: when it is stopped, trading stops.

    Ends with exit code 5 where it had to order a halt.
    """
    from edgekeeper.watch import keep_vigil

    folder = find_live_run(run)
    screen = console(as_json)
    stop = _Stop(seconds)
    if not as_json:
        screen.print(f"Watching {folder}; Ctrl-C ends it, and with it the trading.")

    def told(vigil: "Vigil", saw: bool) -> None:
        if saw != stop.saw:
            stop.saw = saw
            screen.print("The record can be read again." if saw else "The record cannot be read.")
        for reason in vigil.ordered[stop.told :]:
            screen.print(f"Ordered a halt: {reason}")
        stop.told = len(vigil.ordered)

    with stop:
        ordered = keep_vigil(folder, ledger_url=ledger or None, stop=stop, told=told)
    if as_json:
        print_json({"run": str(folder), "ordered": ordered})
    if ordered:
        raise typer.Exit(_HALTED)


class _Stop(Asked):
    """Says when to stop, and remembers what was told."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__()
        self._until = None if seconds is None else time.monotonic() + seconds
        self.saw, self.told = True, 0

    def __call__(self) -> bool:
        return super().__call__() or (self._until is not None and time.monotonic() >= self._until)
