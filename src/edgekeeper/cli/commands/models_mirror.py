"""``edgekeeper models mirror``: the packages of a run in MLflow."""

from pathlib import Path
from typing import Annotated

import typer

from edgekeeper.cli.options import AsJson, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.desk.run_models import read_models

__all__ = ["mirror_models"]

_PICTURES = ("report.html", "summary.json")


def mirror_models(
    url: Annotated[
        str,
        typer.Option(
            "--mlflow",
            metavar="URL",
            help="A server (http://host:5000), or a database (sqlite:///mlflow.db).",
        ),
    ],
    name: Annotated[
        str,
        typer.Option(
            "--experiment", metavar="NAME", help="Name in MLflow.", show_default="the run's folder"
        ),
    ] = "",
    run: RunFolder = "",
    as_json: AsJson = False,
) -> None:
    """Show the models of a run in MLflow too.

    Pushes what MLflow has not: parameters, figures, reasons, files, lineage, and where each model
    stands as an alias. Again and again does no harm. The folder stays the truth: nothing is read
    back from MLflow, and nothing that trades waits for it."""
    from edgekeeper.registry.mirror import mirror

    folder = find_run(run)
    models = read_models(folder)
    screen = console(as_json)
    with screen.status("mirroring"):
        done = mirror(
            models.registry,
            models.fits,
            models.standings,
            url,
            experiment=name or folder.resolve().name,
            pictures=_pictures(folder),
        )
    if as_json:
        print_json({"pushed": done.pushed, "known": done.known, "absent": done.absent})
        return
    screen.print(
        f"{len(done.pushed)} models pushed, {done.known} were there already"
        + (f", {len(done.absent)} are not on disk." if done.absent else ".")
    )


def _pictures(folder: Path) -> dict[str, bytes]:
    return {n: (folder / n).read_bytes() for n in _PICTURES if (folder / n).is_file()}
