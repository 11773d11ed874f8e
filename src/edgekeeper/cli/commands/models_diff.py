"""``edgekeeper models diff``: what changed from one package to another."""

from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli.find_package import find_package_folder
from edgekeeper.cli.options import AsJson, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.tables import plain_table

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.models.canonical import Json
    from edgekeeper.models.difference import Difference

__all__ = ["diff_models"]

_SHORT = 12
_LONGEST = 60


def diff_models(
    before: Annotated[
        str, typer.Argument(metavar="A", help="A package: its folder, or its hash in a run.")
    ],
    after: Annotated[str, typer.Argument(metavar="B", help="The one to hold against it.")],
    run: RunFolder = "",
    as_json: AsJson = False,
) -> None:
    """Show what changed from one package to another.

    Features, what they have seen, parameters, figures on the hold-out, and what the gates said.
    Whatever is not shown is the same in both."""
    from edgekeeper.models.difference import compare
    from edgekeeper.models.package import verified_manifest
    from edgekeeper.registry.folder import read_folder

    found = [verified_manifest(read_folder(find_package_folder(m, run))) for m in (before, after)]
    (ours, old), (theirs, new) = found
    changed = compare(ours, theirs)
    if as_json:
        print_json({"before": old, "after": new, **_figures(changed)})
        return
    screen = console()
    if old == new:
        screen.print(f"Both are package {old[:_SHORT]}: nothing differs, to the byte.")
        return
    screen.print(f"From {old[:_SHORT]} to {new[:_SHORT]}", style="bold")
    _show(screen, changed)


def _figures(changed: "Difference") -> dict[str, object]:
    from dataclasses import asdict

    return asdict(changed)


def _show(screen: "Console", changed: "Difference") -> None:
    added = {name: it for name, it in changed.features.items() if it.before is None}
    gone = {name: it for name, it in changed.features.items() if it.after is None}
    rest = {k: it for k, it in changed.features.items() if k not in added and k not in gone}
    counts = f"{len(added)} added, {len(gone)} removed, {len(rest)} rewritten"
    order = "; others moved" if changed.moved else ""
    if changed.features or changed.moved:
        screen.print(f"\nFeatures: {counts}{order}")
        for sign, part in (("+", added), ("-", gone)):
            for name, it in part.items():
                text = it.after if it.before is None else it.before
                screen.print(f"  {sign} {name} = {text}", markup=False, soft_wrap=True)
        for name, it in rest.items():
            screen.print(f"  ~ {name}", markup=False)
            screen.print(f"      was {it.before}", markup=False, soft_wrap=True)
            screen.print(f"      now {it.after}", markup=False, soft_wrap=True)
    else:
        screen.print("\nFeatures: the same")
    for title, chapter in (
        ("Has seen", changed.window),
        ("Made by", changed.parameters),
        ("Figures", changed.metrics),
        ("Gates", changed.reasons),
    ):
        if chapter:
            screen.print(f"\n{title}")
            rows = [
                (name, _worded(name, it.before), _worded(name, it.after))
                for name, it in chapter.items()
            ]
            screen.print(plain_table(("", "Before", "After"), rows))


def _worded(name: str, value: "Json") -> str:
    from edgekeeper.report.wording import day

    if value is None:
        return "–"
    if name in ("first", "last") and isinstance(value, int):
        return day(value)
    if name == "hash":
        return str(value)[:_SHORT]
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
