"""``edgekeeper replay``: the whole loop over one's own history."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.compiling import say_when_compiling
from edgekeeper.cli.config_file import load_config
from edgekeeper.cli.open_bars import Opened, Wanted, open_bars, show_opened
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import RUN
from edgekeeper.cli.screen import follow
from edgekeeper.cli.services import Replayed, services_of
from edgekeeper.cli.tables import print_bullets

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["replay"]


def replay(
    context: typer.Context,
    bars: options.BarsPath,
    symbols: options.Symbols = "",
    facts: options.Context = None,
    config: options.ConfigPath = "",
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Replaces the configuration's.")
    ] = None,
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Where record and report are kept.")
    ] = RUN,
    ledger: options.LedgerUrl = "",
    as_json: options.AsJson = False,
    tz: options.Zone = "",
    venue: options.Venue = "auto",
    stamp: options.Stamp = "auto",
    interval: options.Interval = "",
    dates: options.Dates = "",
) -> None:
    """Run the whole loop over your history, and report.

    Models are fitted on what was known at each moment, prove themselves in shadow on what came
    later, and trade only from then on; beside them run the rules alone and a bot that always takes
    the newest model.

    Where DIR holds this run already, its record is proved link by link, and the run goes on where
    it ended: after a crash, or with more bars.

    Leaves ledger.sqlite, bars/, models/, decisions.csv, equity.csv, summary.json and report.html.
    """
    folder = Path(out)
    settings, origin = load_config(config, seed)
    screen = console(as_json)
    names = options.split_list(symbols)
    wanted = Wanted(bars, names, facts or (), tz, venue, stamp, interval, dates)
    opened = open_bars(wanted)
    show_opened(screen, opened, f"configuration: {origin}")
    say_when_compiling()
    market = replace(opened.market, name="bars")
    titles, totals = {market.name: market.title}, {market.name: len(opened.bars.instants)}
    with follow(titles, screen, totals=totals) as live:
        run = services_of(context).replay(
            opened.bars,
            settings,
            out=folder,
            market=market,
            screen=live,
            ledger_url=ledger or None,
        )
        live.finish(run.story)
    _keep_quarantine(folder, opened)
    if as_json:
        print_json(run.summary)
    else:
        _last_words(screen, run, folder)


def _keep_quarantine(folder: Path, opened: Opened) -> None:
    from edgekeeper.market import write_quarantine

    write_quarantine(folder, opened.quarantine)


def _last_words(screen: "Console", run: Replayed, folder: Path) -> None:
    from edgekeeper.report.verdicts import final_words, verdict_table

    print_bullets(screen, [*run.story.details, *(gap["told"] for gap in run.summary["not_kept"])])
    screen.print()
    screen.print(verdict_table([run.story]))
    screen.print()
    place = "" if folder == Path(RUN) else f" --run {folder}"
    steps = [f"edgekeeper why {run.story.symbols[0]}{place}", f"edgekeeper status{place}"]
    screen.print(final_words(folder / "report.html", steps), soft_wrap=True)
