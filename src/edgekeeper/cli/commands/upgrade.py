"""``edgekeeper upgrade``: can this version serve the packages that are here?"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edgekeeper.cli.options import AsJson
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import LEDGER, find_run
from edgekeeper.cli.tables import plain_table, print_bullets
from edgekeeper.desk.folder import MODELS
from edgekeeper.errors import Refused, UsageError

__all__ = ["upgrade"]

_SHORT = 12


def upgrade(
    place: Annotated[
        str,
        typer.Argument(
            metavar="[FOLDER]",
            help="A run, a registry, or one package.",
            show_default="edgekeeper-run, else edgekeeper-demo",
        ),
    ] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing, say what would happen.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say which packages this version serves as they were made.

    Loads each one, holds its operators' versions against those here, and calculates its recorded
    scores again: they have to come back to the last bit. Nothing is changed: a package is never
    rewritten, a line is refitted instead.

    Ends with exit code 4 where a package does not come back."""
    from edgekeeper.registry import check_upgrade

    if not check:
        raise UsageError(
            "packages are never rewritten, so there is nothing to do but look: "
            "`edgekeeper upgrade --check`; a line whose package is refused is refitted"
        )
    found = check_upgrade(_packages(place))
    bad = [one for one in found if not one.ok]
    if as_json:
        print_json({"packages": [{**asdict(one), "ok": one.ok} for one in found]})
    else:
        screen = console()
        rows = [
            (
                one.hash[:_SHORT],
                f"{one.line}, fit {one.refit}" if one.line else "",
                one.code_version,
                "as it was made" if one.ok else "not as it was made",
            )
            for one in found
        ]
        screen.print(plain_table(("Package", "Line", "Made by", "Served"), rows))
        for one in bad:
            screen.print(f"\n{one.hash[:_SHORT]}", markup=False)
            print_bullets(screen, one.reasons, "✗")
    if bad:
        raise typer.Exit(Refused.exit_code)


def _packages(place: str) -> list[Path]:
    """Folders of all packages in a run, a registry or a package's own folder."""
    from edgekeeper.registry import Registry

    folder = Path(place)
    if place and (folder / "manifest.json").exists():
        return [folder]
    if not place or (folder / LEDGER).is_file():
        folder = find_run(place) / MODELS
    registry = Registry(folder)
    found = [registry.folder(hash) for hash in registry.list()]
    if not found:
        raise UsageError(
            f"expected a run, a registry or a package, found no package in {folder}: name the "
            "folder that `replay`, `train` or `demo` wrote"
        )
    return found
