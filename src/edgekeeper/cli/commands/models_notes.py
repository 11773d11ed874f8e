"""``edgekeeper models tag`` and ``note``: what people think of a package."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli.find_package import find_package_folder
from edgekeeper.cli.options import AsJson, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgekeeper.registry.notes import Notes

__all__ = ["note_model", "tag_model"]

_Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A package: its folder, or its hash in a run.")
]


def tag_model(
    model: _Model,
    tags: Annotated[
        list[str], typer.Argument(metavar="NAME=TEXT…", help="Tags; NAME= takes one away.")
    ],
    run: RunFolder = "",
    as_json: AsJson = False,
) -> None:
    """Tag a package; the package itself does not change.

    `models list` and `models show` print the tags."""
    pairs = dict(_pair(text) for text in tags)
    _change(model, run, as_json, lambda notes: notes.with_tags(pairs))


def note_model(
    model: _Model,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The note; empty takes it away.")],
    run: RunFolder = "",
    as_json: AsJson = False,
) -> None:
    """Write a note beside a package; the package does not change."""
    _change(model, run, as_json, lambda notes: replace(notes, note=text))


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign):
        raise UsageError(f"expected NAME=TEXT, such as owner=anna, got {text!r}")
    return name, value


def _change(model: str, run: str, as_json: bool, change: "Callable[[Notes], Notes]") -> None:
    from edgekeeper.registry import Registry
    from edgekeeper.registry.notes import read_notes, write_notes

    folder = find_package_folder(model, run).resolve()
    if folder.parent.name != "packages":
        raise UsageError(f"expected a package in a registry, got {folder}: notes lie beside those")
    registry = Registry(folder.parent.parent)
    notes = change(read_notes(registry, folder.name))
    write_notes(registry, folder.name, notes)
    if as_json:
        print_json({"hash": folder.name, "tags": dict(notes.tags), "note": notes.note})
        return
    tags = " ".join(f"{name}={text}" for name, text in notes.tags.items()) or "no tags"
    console().print(f"{folder.name[:12]}  {tags}", markup=False, soft_wrap=True)
    if notes.note:
        console().print(notes.note, markup=False, soft_wrap=True)
