"""``edgekeeper analyze``: what a run's record teaches, and when to stay out."""

from pathlib import Path
from typing import Annotated

import typer

from edgekeeper.cli.options import AsJson, LedgerUrl, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.services import services_of
from edgekeeper.cli.telling import show_telling, write_telling

__all__ = ["analyze"]


def analyze(
    context: typer.Context,
    run: RunFolder = "",
    out: Annotated[
        str,
        typer.Option("--out", metavar="FILE", help="Write it there too, as .html, .md or .json."),
    ] = "",
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Say what worked, when to stay out, and where the money came from.

    By source, side, hour, weekday, symbol, regime and confidence, alone and two at a time, with
    intervals and corrected for how many were looked at; that nothing stands out is a result. Then
    the profit taken apart to the cent, the balance of BUY, HOLD and SELL, A/B tests, and when the
    evidence of challengers can be expected.
    """
    screen = console(as_json)
    with screen.status("reading the record"):
        telling = services_of(context).analyze(find_run(run), ledger_url=ledger or None)
    if out:
        write_telling(telling, Path(out))
    if as_json:
        print_json(telling.figures)
        return
    show_telling(screen, telling)
    if out:
        screen.print(f"\nPage    {out}", markup=False, soft_wrap=True)
