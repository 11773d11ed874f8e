"""``edgekeeper review``: a day or a week of a run, what to decide, and what waits for a person."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from edgekeeper.cli.moment import nanoseconds_of
from edgekeeper.cli.options import AsJson, LedgerUrl, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.services import services_of
from edgekeeper.cli.telling import show_telling, telling_files

__all__ = ["review", "write_files"]


def review(
    context: typer.Context,
    run: RunFolder = "",
    period: Annotated[
        Literal["day", "week"], typer.Option("--period", help="How long a stretch to look at.")
    ] = "week",
    until: Annotated[
        str,
        typer.Option(
            "--until",
            metavar="DATE",
            help="End of the stretch; what came later is not read.",
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
    """Review a day or a week: how it went, what to decide, what to do.

    Accuracy beside always guessing one side, calibration, equity against the baseline, drift and
    what the model listens to; a recommendation with its reason (drift asks for a refit, worse
    forecasts for tuning, else go on), and a list of what waits for a person.
    """
    moment = nanoseconds_of(until, "--until") if until else None
    screen = console(as_json)
    with screen.status("reading the record"):
        reviewed = services_of(context).review(
            find_run(run), period=period, until_ns=moment, ledger_url=ledger or None
        )
    written = write_files(Path(out), reviewed.name, telling_files(reviewed.telling)) if out else []
    if as_json:
        print_json({**reviewed.telling.figures, "files": [str(path) for path in written]})
        return
    show_telling(screen, reviewed.telling)
    for path in written:
        screen.print(f"Written  {path}", markup=False, soft_wrap=True)


def write_files(folder: Path, name: str, files: dict[str, bytes]) -> list[Path]:
    """Write files of one name with several endings; return their paths."""
    from edgekeeper.atomic import write_atomically
    from edgekeeper.errors import StorageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot make the folder {folder}: {error.strerror}: choose another with --out"
        ) from error
    paths = []
    for ending, content in files.items():
        paths.append(folder / f"{name}{ending}")
        write_atomically(paths[-1], content)
    return paths
