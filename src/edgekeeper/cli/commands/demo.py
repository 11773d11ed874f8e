"""``edgekeeper demo``: the whole loop in fast motion, on three markets, with the report."""

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekeeper.cli.commands.demo_models import PICTURE, demo_models
from edgekeeper.cli.compiling import say_when_compiling
from edgekeeper.cli.options import AsJson, split_list
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import DEMO, MARKETS
from edgekeeper.cli.screen import follow
from edgekeeper.cli.services import DemoMarket, Services, services_of
from edgekeeper.errors import StorageError, UsageError, nearest

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.report.story import Story

__all__ = ["demo"]

_MINUTES_A_MARKET = 1.0
_CHAPTERS = ("loop", "models")
_OURS = {*MARKETS, "report.html", PICTURE}
_OURS_INSIDE = {
    "alerts.log", "backups", "bars", "decisions.csv", "equity.csv", "models", "report.html",
    "summary.json",
}  # fmt: skip


def demo(
    context: typer.Context,
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Where record and report are kept.")
    ] = DEMO,
    markets: Annotated[
        str, typer.Option("--markets", metavar="A,B", help="Which of the three.")
    ] = ",".join(MARKETS),
    chapter: Annotated[
        str, typer.Option("--chapter", metavar="loop|models", help="What is shown.")
    ] = "loop",
    as_json: AsJson = False,
) -> None:
    """See the whole loop in three minutes, offline, on paper money.

    Three markets: noise, where nothing can be found; a planted edge whose sign flips; and real
    daily bars. Beside Edgekeeper runs a bot that always takes the newest model, as bots usually do.
    Chapter `models` holds a tuned ensemble against single models instead, in under a minute.
    """
    if _chosen_chapter(chapter, markets) == "models":
        demo_models(context, Path(out), as_json)
        return
    began = time.monotonic()
    names = _chosen(markets)
    screen = console(as_json)
    first = _announce(screen, len(names))
    folder = Path(out)
    _make_room(folder)
    say_when_compiling()
    services = services_of(context)
    chosen = [market for market in services.demo_markets() if market.name in names]
    first.stop()
    summaries, stories = _run(services, chosen, folder, screen)
    report = folder / "report.html"
    services.write_report(report, stories, title="Edgekeeper demo")
    if as_json:
        wall = time.monotonic() - began
        print_json({"markets": summaries, "report": str(report), "wall_seconds": wall})
    else:
        _last_words(screen, stories, folder)


def _chosen_chapter(text: str, markets: str) -> str:
    if text not in _CHAPTERS:
        raise UsageError(
            f"--chapter: expected one of {', '.join(_CHAPTERS)}, got {text[:60]!r}"
            f"{nearest(text, _CHAPTERS)}"
        )
    if text == "models" and markets != ",".join(MARKETS):
        raise UsageError("--markets: chapter models has its own two markets: leave it out")
    return text


def _chosen(text: str) -> tuple[str, ...]:
    names = split_list(text)
    for name in names:
        if name not in MARKETS:
            raise UsageError(
                f"--markets: expected some of {', '.join(MARKETS)}, got {name!r}"
                f"{nearest(name, MARKETS)}"
            )
    if not names:
        raise UsageError(f"--markets: expected some of {', '.join(MARKETS)}, got none")
    return names


def _announce(screen: "Console", markets: int) -> Any:
    """Say at once what will happen, before anything heavy is imported."""
    minutes = round(markets * _MINUTES_A_MARKET)
    words = (
        f"{markets} {'market' if markets == 1 else 'markets'}, about {minutes} "
        f"{'minute' if minutes == 1 else 'minutes'}, paper money, nothing leaves this machine"
    )
    if not screen.is_terminal:
        screen.print(f"Edgekeeper: {words}", soft_wrap=True)
    status = screen.status(words)
    if screen.is_terminal:
        status.start()
    return status


def _make_room(folder: Path) -> None:
    """Remove the demo that was here before, and nothing else."""
    try:
        if not folder.exists():
            return
        strangers = [path.name for path in folder.iterdir() if not _is_ours(path)]
        if strangers:
            raise UsageError(
                f"{folder} holds things the demo did not make ({', '.join(sorted(strangers)[:5])}):"
                " choose another folder with --out"
            )
        shutil.rmtree(folder)
    except OSError as error:
        raise StorageError(
            f"cannot use {folder}: {error.strerror or error}: choose another with --out"
        ) from error


def _is_ours(path: Path) -> bool:
    if path.is_symlink() or path.name not in _OURS:
        return False
    if path.name in ("report.html", PICTURE):
        return path.is_file()
    inside = [entry.name for entry in path.iterdir()] if path.is_dir() else ["no folder"]
    return all(name in _OURS_INSIDE or name.startswith("ledger.sqlite") for name in inside)


def _run(
    services: Services, markets: list[DemoMarket], folder: Path, screen: "Console"
) -> "tuple[dict[str, Any], list[Story]]":
    summaries, stories = {}, []
    titles = {market.name: market.title for market in markets}
    minutes = len(markets) * _MINUTES_A_MARKET
    with follow(titles, screen, minutes=minutes, headline=False) as live:
        for entry in markets:
            live.phase(f"making the bars of {entry.title!r}")
            market, bars, config = entry.make()
            place = folder / entry.name
            run = services.replay(bars, config, out=place, market=market, screen=live)
            live.finish(run.story)
            summaries[entry.name] = run.summary
            stories.append(run.story)
        live.phase("writing the report of all markets")
    return summaries, stories


def _last_words(screen: "Console", stories: "list[Story]", folder: Path) -> None:
    from edgekeeper.report.verdicts import final_words, verdict_table

    screen.print(verdict_table(stories))
    screen.print()
    last = stories[-1]
    own = "edgekeeper replay --bars YOUR.csv"
    why = f"edgekeeper why {last.symbols[0]} --run {folder / last.name}"
    width = max(len(own), len(why))
    steps = [f"{own:{width}}   on your own bars", f"{why:{width}}   why it trades"]
    screen.print(final_words(folder / "report.html", steps), soft_wrap=True)
