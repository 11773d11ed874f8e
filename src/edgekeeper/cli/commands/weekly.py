"""``edgekeeper weekly``: validate a run's packages on what came since, and review the week."""

from pathlib import Path
from typing import Annotated

import typer

from edgekeeper.cli.commands.review import write_files
from edgekeeper.cli.moment import nanoseconds_of
from edgekeeper.cli.options import AsJson, LedgerUrl, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import print_bullets
from edgekeeper.cli.telling import show_telling, telling_files
from edgekeeper.errors import Refused

__all__ = ["weekly"]

_LOOK = 1


def weekly(
    context: typer.Context,
    run: RunFolder = "",
    until: Annotated[
        str,
        typer.Option(
            "--until",
            metavar="DATE",
            help="End of the week; what came later is not read.",
            show_default="the newest bar",
        ),
    ] = "",
    out: Annotated[
        str,
        typer.Option(
            "--out", metavar="DIR", help="Write it there, as HTML, Markdown and JSON at once."
        ),
    ] = "",
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Validate the week: packages on later bars, drift, what to do.

    Judges of each line the newest package that is at least a week old, on bars that came after
    everything it knew, beside the champion; then reviews the week: drift, accuracy, what waits for
    a person. Meant to run by itself: `deploy/systemd` has a timer.

    Ends with exit code 4 where a package that trades is refused, 1 where something asks for a
    look, else 0.
    """
    moment = nanoseconds_of(until, "--until") if until else None
    screen = console(as_json)
    with screen.status("judging what came after each package"):
        found = services_of(context).weekly(
            find_run(run), until_ns=moment, ledger_url=ledger or None
        )
    written = write_files(Path(out), found.name, telling_files(found.telling)) if out else []
    if as_json:
        print_json({**found.telling.figures, "files": [str(path) for path in written]})
    else:
        show_telling(screen, found.telling)
        if found.wants:
            screen.print("\nTo look at", style="bold")
            print_bullets(screen, list(found.wants))
        for path in written:
            screen.print(f"Written  {path}", markup=False, soft_wrap=True)
    if found.failed:
        raise typer.Exit(Refused.exit_code)
    if found.wants:
        raise typer.Exit(_LOOK)
