"""``edgekeeper compare``: is one model, or anyone's forecasts, better than another?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekeeper.cli import options
from edgekeeper.cli.find_package import find_package
from edgekeeper.cli.forecast_file import is_forecast_file, read_forecast_file
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import plain_table
from edgekeeper.cli.with_bars import AskedBars, with_bars
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.validate import Difference

__all__ = ["compare"]

_Model = "A package: its folder, or its hash in a run; or a file of forecasts."


def _compare(
    context: typer.Context,
    asked: AskedBars,
    a: Annotated[str, typer.Argument(metavar="A", help=_Model)],
    b: Annotated[str, typer.Argument(metavar="B", help=_Model)],
    run: options.RunFolder = "",
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="Write the differences there, as CSV.")
    ] = "",
    as_json: options.AsJson = False,
) -> None:
    """Compare two models or forecasts on the same bars.

    On the bars that neither has seen, figure by figure, with intervals of the differences and one
    adjustment for all of them: who is named better is so at a false discovery rate of 5 %.
    """
    screen = console(as_json)
    named = {_name(model): _open(model, run) for model in (a, b)}
    if len(named) < 2:
        raise UsageError(f"expected two models to compare, got {a} twice")
    opened, settings = asked.open(screen, run)
    with screen.status("comparing"):
        result = services_of(context).compare(named, opened.bars, settings)
    table = result.to_polars()
    if out:
        from edgekeeper.atomic import write_atomically

        write_atomically(Path(out), table.write_csv().encode())
    if as_json:
        print_json({"a": _name(a), "b": _name(b), "differences": table.to_dicts()})
    else:
        _show(screen, result.differences)


compare = with_bars(_compare, required=False)


def _name(model: str) -> str:
    return Path(model).stem if is_forecast_file(model) else model[-40:]


def _open(model: str, run: str) -> Any:
    return read_forecast_file(model) if is_forecast_file(model) else find_package(model, run)


def _show(screen: "Console", differences: "tuple[Difference, ...]") -> None:
    from edgekeeper.report.difference_words import HEADS, difference_rows, sentence

    screen.print()
    screen.print(sentence(differences), style="bold", markup=False)
    screen.print()
    screen.print(plain_table(HEADS, difference_rows(differences), right=HEADS[1:-1]))
