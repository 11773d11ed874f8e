"""``edgekeeper backtest``: one fixed model over history."""

from typing import Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.config_file import load_config
from edgekeeper.cli.find_package import find_package
from edgekeeper.cli.open_bars import Wanted, open_bars, show_opened
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import performance_table

__all__ = ["backtest"]


def backtest(
    context: typer.Context,
    bars: options.BarsPath,
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
    symbols: options.Symbols = "",
    facts: options.Context = None,
    config: options.ConfigPath = "",
    as_json: options.AsJson = False,
    tz: options.Zone = "",
    venue: options.Venue = "auto",
    stamp: options.Stamp = "auto",
    interval: options.Interval = "",
    dates: options.Dates = "",
) -> None:
    """Trade one fixed model over history.

    The account's limits, guards and costs apply. Says how many of the bars the model has seen in
    training: what it earns there proves nothing.
    """  # fmt: skip
    settings, _ = load_config(config)
    package = find_package(model, run, settings.packages.trusted_keys)
    screen = console(as_json)
    names = options.split_list(symbols)
    opened = open_bars(Wanted(bars, names, facts or (), tz, venue, stamp, interval, dates))
    show_opened(screen, opened)
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
