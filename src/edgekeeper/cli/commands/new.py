"""``edgekeeper new``: a plug-in that works from the start, with its test and registry line."""

from pathlib import Path
from typing import Annotated

import typer

from edgekeeper.cli.options import AsJson
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.shelves import STRATEGY, begin_strategy, put_on_shelf

__all__ = ["new"]


def new(
    kind: Annotated[str, typer.Argument(metavar="op|learner|source|strategy", help="What to add.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its short name, such as my_range.")],
    root: Annotated[
        str, typer.Option("--root", metavar="DIR", help="A checkout; any folder for a strategy.")
    ] = ".",
    as_json: AsJson = False,
) -> None:
    """Begin a strategy, operator, learner or source of your own.

    A strategy is one file, wherever you like. The others go into a checkout, with their test and
    registry line. What is written works; then replace the arithmetic by your own.
    """
    if kind == STRATEGY:
        path = begin_strategy(name, Path(root))
        screen = console(as_json)
        screen.print(f"{path}  (new)", markup=False, soft_wrap=True)
        step = f"edgekeeper strategies check {path} --bars YOUR.csv"
        screen.print(f"Next    {step}", markup=False, soft_wrap=True)
        if as_json:
            print_json({"kind": kind, "name": name, "files": [path]})
        return
    written = put_on_shelf(kind, name, Path(root))
    screen = console(as_json)
    for path, what in zip(written, ("new", "new", "one line more"), strict=True):
        screen.print(f"{path}  ({what})", markup=False, soft_wrap=True)
    screen.print(f"Next    pytest {written[1]}", markup=False, soft_wrap=True)
    if as_json:
        print_json({"kind": kind, "name": name, "files": written})
