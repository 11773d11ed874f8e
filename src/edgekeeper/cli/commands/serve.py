"""``edgekeeper serve``: API, dashboard, side-car and the loop, in one command."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.config_file import load_config
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import PAPER
from edgekeeper.cli.services import services_of
from edgekeeper.cli.stopping import Asked

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.config import Config

__all__ = ["serve", "settings_to_serve"]


def serve(
    context: typer.Context,
    data: Annotated[
        str, typer.Option("--data", metavar="DIR", help="Folder of the run; made if need be.")
    ] = PAPER,
    host: Annotated[
        str,
        typer.Option("--host", metavar="NAME", help="Where to listen.", show_default="127.0.0.1"),
    ] = "",
    port: Annotated[
        int | None,
        typer.Option(
            "--port", metavar="N", min=0, max=65_535, help="0: any free.", show_default="8765"
        ),
    ] = None,
    source: Annotated[
        str,
        typer.Option(
            "--source",
            metavar="KIND:PLACE",
            help="Trade on paper too, on these bars: folder:DIR, ccxt:EXCHANGE, alpaca or demo.",
            show_default="those of the run that goes on",
        ),
    ] = "",
    symbols: options.Symbols = "",
    interval: options.LiveInterval = "",
    config: options.ConfigPath = "",
    parent: options.Parent = "",
    ledger: options.LedgerUrl = "",
    as_json: options.AsJson = False,
) -> None:
    """Serve a run: dashboard, API, answers to your bot, trading on paper.

    Everything lies in DIR, and goes on where it ended. Without --source nothing is traded here:
    your bot's signals are answered and learned from, and a run that was begun goes on.

    The link that is printed logs you in once. Programs need a token: `edgekeeper token create`.
    Each process is started again when it dies; `q` or Ctrl-C ends them all.
    """
    settings = settings_to_serve(Path(data), config, parent)
    screen = console(as_json)
    with Asked("q") as asked:
        served = services_of(context).serve(
            Path(data),
            source=source,
            symbols=options.split_list(symbols),
            interval=interval,
            parent=Path(parent) if parent else None,
            config=settings,
            host=host or None,
            port=port,
            ledger_url=ledger or None,
            teller=_Teller(screen, data),
            stop=asked,
        )
    if as_json:
        print_json({"data": data, **served.figures()})
    else:
        screen.print("Stopped; go on with the same command.")


def settings_to_serve(folder: Path, config: str, parent: str) -> "Config | None":
    """Return the settings given; None: those that the folder, or its parent, has kept.

    A folder where something trades already has its own; another one takes what lies here.
    """
    if not config and (parent or (folder / "paper.json").is_file()):
        return None
    settings, origin = load_config(config, None)
    return None if origin == "defaults" else settings


class _Teller:
    """Says where the service is, and what happens to its processes."""

    def __init__(self, screen: "Console", folder: str) -> None:
        self._screen, self._folder = screen, folder

    def ready(self, url: str, login: str, seconds: float) -> None:
        """Say where it answers."""
        say = self._screen.print
        say(f"\n[bold]Edgekeeper serves {self._folder}[/bold] (ready in {seconds:.1f} s)\n")
        say(f"  Dashboard  {login}", soft_wrap=True)
        say("             [dim]logs you in once, within ten minutes[/dim]")
        say(f"  API        {url}/docs", soft_wrap=True)
        say("  Logs       " + str(Path(self._folder) / "logs"))
        say("\n[dim]q or Ctrl-C ends it.[/dim]\n")

    def said(self, sentence: str) -> None:
        """Say it."""
        from rich.markup import escape

        self._screen.print(escape(sentence), soft_wrap=True)
