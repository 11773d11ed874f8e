"""``edgekeeper paper``: the loop from now on, with play money."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekeeper.cli import options
from edgekeeper.cli.compiling import say_when_compiling
from edgekeeper.cli.config_file import load_config
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import LEDGER, PAPER
from edgekeeper.cli.services import services_of
from edgekeeper.cli.stopping import Asked
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.report.snapshot import Snapshot

__all__ = ["paper"]

_HALTED = 5

_Source = Annotated[
    str,
    typer.Option(
        "--source",
        metavar="KIND:PLACE",
        help="Where bars come from: folder:DIR, ccxt:EXCHANGE, alpaca or demo.",
        show_default=False,
    ),
]
_History = Annotated[
    float | None,
    typer.Option(
        "--history",
        metavar="DAYS",
        help="How far back to begin.",
        show_default="as far as a first fit needs",
    ),
]


def paper(
    context: typer.Context,
    source: _Source = "",
    symbols: options.Symbols = "",
    interval: options.LiveInterval = "",
    config: options.ConfigPath = "",
    parent: options.Parent = "",
    history: _History = None,
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Where the run is kept.")
    ] = PAPER,
    bars: Annotated[
        int | None,
        typer.Option(
            "--bars", metavar="N", min=0, help="Stop after so many instants.", show_default="never"
        ),
    ] = None,
    no_watch: Annotated[
        bool, typer.Option("--no-watch", help="Start no second process that guards the run.")
    ] = False,
    ledger: options.LedgerUrl = "",
    as_json: options.AsJson = False,
) -> None:
    """Trade on paper from now on: decide at each close, learn, prove.

    Where DIR holds a live run already, it is lived again, proved against its record, and goes on:
    what closed meanwhile is caught up with, without entries on bars that are too old. Stop it with
    Ctrl-C; nothing is lost then, nor by a crash.

    A second process, the watch, reads the record and holds both to account: when either gives no
    sign of life any more, trading stops until you resume it.

    Orders for it: `edgekeeper kill`, `resume`, `approve`, and those under `edgekeeper models`.
    """
    folder = Path(out)
    goes_on = (folder / LEDGER).is_file()
    if not source and not goes_on:
        from edgekeeper.market.live import LIVE_SOURCES

        kinds = "; ".join(f"{one.example} ({one.about})" for one in LIVE_SOURCES.values())
        raise UsageError(f"--source: expected one of {kinds}; got none")
    settings = None
    if config or not (goes_on or parent):
        settings, _ = load_config(config, None)
    screen = console(as_json)
    say_when_compiling()
    stop = _Stop(bars)
    with stop:
        end = services_of(context).paper(
            source=source,
            symbols=options.split_list(symbols),
            interval=interval,
            history_days=history,
            parent=Path(parent) if parent else None,
            config=settings,
            out=folder,
            screen=_Lines(screen),
            stop=stop,
            told=_Teller(screen, stop),
            ledger_url=ledger or None,
            watched=not no_watch,
        )
    if as_json:
        print_json({"out": str(folder), **end.figures()})
    else:
        screen.print(
            f"\nStopped after {end.bars} bars: equity {end.equity:,.2f}; go on with the same "
            f"command, look with `edgekeeper status --run {folder}`."
        )
    if end.halted:
        screen.print(f"The account is {end.standing}: `edgekeeper resume --reason …` lifts it.")
        raise typer.Exit(_HALTED)


class _Stop(Asked):
    """Says when to stop: asked, or after so many instants."""

    def __init__(self, instants: int | None) -> None:
        super().__init__()
        self._instants, self.seen = instants, 0

    def __call__(self) -> bool:
        return super().__call__() or (self._instants is not None and self.seen >= self._instants)


class _Lines:
    """Says each phase in a line of its own."""

    def __init__(self, screen: "Console") -> None:
        self._screen = screen

    def phase(self, text: str) -> None:
        """Say what is being done now."""
        self._screen.print(f"[dim]{text}[/dim]")

    def update(self, snapshot: "Snapshot") -> None:
        """Show nothing: bars are told one by one."""


class _Teller:
    """A line for each instant that was taken, and one whenever the source changes its state."""

    def __init__(self, screen: "Console", stop: _Stop) -> None:
        self._screen, self._stop = screen, stop
        self._events, self._health, self._last = 0, "", 0

    def __call__(self, live: Any, poller: Any) -> None:
        from edgekeeper.report.wording import day

        self._stop.seen = live.instants_taken
        events = live.run.trade.roster.events
        for time_ns, _, text in events.since(max(self._events, live.told)):
            self._screen.print(f"{day(time_ns, minutes=True)}  [bold]{text}[/bold]")
        self._events = events.count
        if live.instants_taken and live.now_ns != self._last:
            self._last = live.now_ns
            self._screen.print(f"{day(live.now_ns, minutes=True)}  {live.sentence}")
        health = poller.health
        state = "" if not (health.failures or health.silent_since_ns) else "trouble"
        if state != self._health:
            from time import time_ns as wall

            self._health = state
            self._screen.print(f"[dim]{health.sentence(wall())}[/dim]")
