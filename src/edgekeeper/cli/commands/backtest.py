"""``edgekeeper backtest``: one fixed model over history."""

from typing import Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.find_package import find_package
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import performance_table
from edgekeeper.cli.with_bars import AskedBars, with_bars

__all__ = ["backtest"]


def _backtest(
    context: typer.Context,
    asked: AskedBars,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            metavar="DIR|HASH",
            help="A package: its folder, or its hash in a run.",
            show_default=False,
        ),
    ],
    run: options.RunFolder = "",
    as_json: options.AsJson = False,
) -> None:
    """Trade one fixed model over history.

    The account's limits, guards and costs apply. Says how many of the bars the model has seen in
    training: what it earns there proves nothing.
    """
    screen = console(as_json)
    opened, settings = asked.open(screen)
    package = find_package(model, run, settings.packages.trusted_keys)
    with screen.status("trading"):
        result = services_of(context).backtest(package, opened.bars, settings)
    if as_json:
        print_json({"model": package.hash, **result.figures})
        return
    books = {
        f"Model {package.hash[:12]}": result.performance,
        "at twice the costs": result.double_cost,
        "Rules alone": result.rules,
    }
    screen.print()
    screen.print(performance_table(books))
    screen.print(f"\n{result.trades:,} trades. Note: {result.note}.", markup=False)


backtest = with_bars(_backtest)
