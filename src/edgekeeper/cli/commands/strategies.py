"""``edgekeeper strategies``: the ready ones, and whether a file of one's own is sound."""

from pathlib import Path
from typing import Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.compiling import say_when_compiling
from edgekeeper.cli.help_text import add_command
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.tables import pairs, plain_table, print_bullets
from edgekeeper.cli.with_bars import AskedBars, with_bars

__all__ = ["app"]

app = typer.Typer(help="List and explain strategies, and check your own.", no_args_is_help=True)


def list_strategies(as_json: options.AsJson = False) -> None:
    """List the ready strategies."""
    from edgekeeper.trade.strategies import READY, ready_strategy

    found = [ready_strategy(name) for name in READY]
    if as_json:
        print_json({one.name: one.description for one in found})
        return
    screen = console()
    rows = [(one.name, one.description) for one in found]
    screen.print(plain_table(("Strategy", "Enters on"), rows))
    screen.print("\nNext    edgekeeper strategies show scoring")


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A ready strategy.")],
    as_json: options.AsJson = False,
) -> None:
    """Explain one of them: when it enters, and what to write for it."""
    from dataclasses import asdict

    from edgekeeper.trade.strategies import ready_strategy

    one = ready_strategy(name)
    if as_json:
        print_json(asdict(one))
        return
    screen = console()
    screen.print(f"[bold]{one.name}[/bold]", highlight=False)
    screen.print(one.description, markup=False)
    rows = {"Long": one.entry_long, "Short": one.entry_short, "Source": one.source}
    screen.print(pairs(rows))
    screen.print(f'\nIn edgekeeper.toml:\n[rules]\nstrategy = "{name}"', markup=False)


def _check(
    asked: AskedBars,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Your strategy, a Python file.")],
    as_json: options.AsJson = False,
) -> None:
    """Prove on your bars that a strategy file does not look ahead.

    Runs the file, cuts the future off after its signals and elsewhere, and asks it again: what it
    said before may not change. Says which parts of a freqtrade strategy are left aside.
    """
    from edgekeeper.config import RulesConfig
    from edgekeeper.trade import RuleSignals
    from edgekeeper.trade.strategies import file_hash, open_strategy

    screen = console(as_json)
    path = Path(file).resolve()
    pinned = file_hash(path)
    strategy = open_strategy(path, pinned)
    opened, _ = asked.open(screen)
    say_when_compiling()
    signals = RuleSignals(RulesConfig(file=str(path), file_hash=pinned)).extend(opened.bars)
    long, short = int((signals > 0).sum()), int((signals < 0).sum())
    if as_json:
        print_json(
            {
                "file": path,
                "file_hash": pinned,
                "bars": len(signals),
                "long": long,
                "short": short,
                "warm_up": strategy.warm_up,
                "not_used": strategy.not_used,
            }
        )
        return
    screen.print(
        f"{path.name} does not look ahead on these bars: {long} long and {short} short signals on "
        f"{len(signals)} bars, the same with the future cut off.",
        markup=False,
    )
    if strategy.not_used:
        screen.print("\nLeft aside", style="bold")
        print_bullets(screen, strategy.not_used)
    screen.print(f'\nIn edgekeeper.toml:\n[rules]\nfile = "{file}"', markup=False)


add_command(app, "list", list_strategies)
add_command(app, "show", show)
add_command(app, "check", with_bars(_check))
