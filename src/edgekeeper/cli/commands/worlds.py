"""``edgekeeper worlds``: the whole loop over many markets whose truth is known."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from edgekeeper.cli import options
from edgekeeper.cli.config_file import load_config
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import pairs
from edgekeeper.errors import UsageError, nearest

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.config import Config
    from edgekeeper.report.book_rates import Share
    from edgekeeper.report.promotion_rates import PromotionRates
    from edgekeeper.report.world_rates import WorldRates

Figure = TypeVar("Figure")

__all__ = ["worlds"]

_KINDS = ("noise", "planted", "flip", "slow_drift", "leak")
_LINES = "markets.jsonl"
_CHANGING = ("slow_drift", "flip")
_WITH_EDGE = ("planted", *_CHANGING)
_ONCE = "none"
_MANY = 4
_HINT = (
    "These lines look at each symbol by itself: --config peers has some that compare them, which "
    "finds weaker edges where one factor moves all symbols, as in these markets."
)

_Edge = Annotated[
    float,
    typer.Option(
        "--edge",
        metavar="SHARPE",
        help="Annual net Sharpe ratio of the best policy that knows the truth.",
        show_default="4 where there is an edge",
    ),
]
_Online = Annotated[
    str,
    typer.Option(
        "--online",
        metavar="KIND",
        help="Run each market again with lines that learn online, such as by bayes or sgd; "
        "'none': once, as configured.",
        show_default="slow_drift, flip: the kind of the first line that has one, else bayes",
    ),
]


def worlds(
    context: typer.Context,
    kind: Annotated[
        str, typer.Option("--kind", metavar="|".join(_KINDS), help="What is true about them.")
    ] = "noise",
    markets: Annotated[int, typer.Option("--markets", metavar="N", min=1, help="How many.")] = 10,
    seed: Annotated[
        int,
        typer.Option("--seed", metavar="S", min=0, help="Of the first; the others count up."),
    ] = 10_000,
    symbols: Annotated[
        int, typer.Option("--symbols", metavar="K", min=1, help="Symbols in each market.")
    ] = 8,
    bars: Annotated[
        int, typer.Option("--bars", metavar="B", min=30, help="Daily bars of each symbol.")
    ] = 2_500,
    edge: _Edge = 0.0,
    search: Annotated[
        int,
        typer.Option(
            "--search",
            metavar="N",
            min=0,
            help="Configurations each line tries once a year.",
            show_default="as configured",
        ),
    ] = 0,
    online: _Online = "",
    out: Annotated[
        str, typer.Option("--out", metavar="DIR", help="Where lines and picture are kept.")
    ] = "edgekeeper-worlds",
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="J", min=1, help="Processes side by side.")
    ] = 1,
    config: options.ConfigPath = "",
    as_json: options.AsJson = False,
) -> None:
    """Run the whole loop over many made markets, and count its errors.

    Noise tells how often it promotes what is worthless, a planted edge how often it finds what is
    there, a flip how soon it lets go. Markets that are in DIR already are not run again.
    """
    if kind not in _KINDS:
        raise UsageError(
            f"--kind: expected one of {', '.join(_KINDS)}, got {kind!r}{nearest(kind, _KINDS)}"
        )
    settings, _ = load_config(config)
    screen = console(as_json)
    folder = Path(out)
    with _progress(screen, markets) as done:
        rows = services_of(context).worlds(
            kind=kind,
            seeds=range(seed, seed + markets),
            symbols=symbols,
            bars=bars,
            edge=edge or None,
            search=search,
            online=_online(online, kind, settings),
            config=settings,
            file=folder / _LINES,
            jobs=jobs,
            done=done,
        )
    _answer(screen, rows, folder / f"{kind}.svg", as_json)
    apart = all(line.target == "direction" for line in settings.lines)
    if kind in _WITH_EDGE and symbols >= _MANY and apart:
        screen.print(_HINT, markup=False, soft_wrap=True)


def _online(asked: str, kind: str, config: "Config") -> str:
    """What lines learn online with in a second run; empty for no such run.

    Where truth changes, what learning from each outcome is worth is the question.
    """
    if asked:
        return "" if asked == _ONCE else asked
    if kind not in _CHANGING:
        return ""
    return next((line.online.by for line in config.lines if line.online), "bayes")


@contextmanager
def _progress(screen: "Console", markets: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Show a bar, and how many promoted so far; nothing off a terminal."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    promoted = 0
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=screen, transient=True) as bar:
        task = bar.add_task("markets", total=markets)

        def done(row: dict[str, Any]) -> None:
            nonlocal promoted
            promoted += any(verdict == "promoted" for _, _, verdict in row["moves"])
            bar.update(task, advance=1, description=f"markets, {promoted} promoted")

        yield done


def _answer(screen: "Console", rows: list[dict[str, Any]], picture: Path, as_json: bool) -> None:
    from edgekeeper.atomic import write_atomically
    from edgekeeper.report.world_picture import world_picture
    from edgekeeper.report.world_rates import world_rates

    rates = world_rates(rows)
    write_atomically(picture, world_picture(rows, rates.sentence).encode())
    if as_json:
        print_json({**asdict(rates), "sentence": rates.sentence, "picture": picture})
        return
    screen.print(rates.sentence, style="bold", soft_wrap=True)
    screen.print()
    screen.print(pairs(_figures(rates)))
    screen.print(f"\nLines and picture in {picture.parent}", markup=False, soft_wrap=True)


def _figures(rates: "WorldRates") -> dict[str, str]:
    from edgekeeper.report.wording import count, number, percent

    books = ", ".join(f"{name} {number(value)}" for name, value in rates.book_sharpe.items())
    rows = {"Markets": f"{count(rates.markets)}, {count(rates.promoted)} promoted a line"}
    rows |= _promotions(rates)
    if rates.online is not None:
        rows["Markets, learning online"] = f"{count(rates.online.promoted)} promoted a line"
        rows |= {
            f"{name}, learning online": text for name, text in _promotions(rates.online).items()
        }
    rows["Sharpe ratio of books"] = f"{books or 'none'} (net, four years from registration)"
    for name, share in rates.oracle_share.items():
        rows[f"Share of the oracle, {name}"] = _both(share, lambda value: percent(value, 0))
    for name, found in rates.visible_oracle_share.items():
        rows[f"Share of what bars show, {name}"] = _both(found, _share)
    for name, reach in rates.oracle_visible.items():
        rows[f"What bars show of the oracle, {name}"] = _share(reach)
    for name, bars in rates.recovery_bars.items():
        rows[f"Back at profit, {name}"] = _both(bars, lambda value: f"{number(value, 0)} bars")
    for name, gain in rates.online_gain.items():
        text = f"{number(gain.mean)} Sharpe"
        if gain.low is not None and gain.high is not None:
            text += f" ({number(gain.low)} to {number(gain.high)})"
        rows[f"Online learning adds, {name}"] = text
    if rates.held:
        rows["Held"] = f"{count(rates.held)} fits too good to be true"
    if rates.trials:
        rows["Trials a market"] = (
            f"{number(rates.trials, 0)}, worth {number(rates.effective_trials, 0)} independent ones"
        )
    rows["Time a market"] = f"{number(rates.seconds, 0)} seconds"
    return rows


def _promotions(rates: "PromotionRates") -> dict[str, str]:
    from edgekeeper.report.wording import count, number, percent

    rows = {}
    if rates.false_promotion_rate is not None:
        rows["False promotions"] = percent(rates.false_promotion_rate, 1)
    if rates.power is not None:
        rows["Power"] = percent(rates.power, 1)
    if rates.wait_bars is not None:
        rows["Promotion after"] = f"{number(rates.wait_bars, 0)} bars from registration, median"
    if rates.retreat_bars is not None:
        rows["Retreat after"] = (
            f"{number(rates.retreat_bars, 0)} bars from the flip, median of "
            f"{count(rates.held_at_flip or 0)} that traded then"
        )
    return rows


def _share(found: "Share") -> str:
    from edgekeeper.report.wording import percent

    text = percent(found.share, 0)
    if found.low is not None and found.high is not None:
        text += f" ({percent(found.low, 0)} to {percent(found.high, 0)})"
    return text


def _both(figures: "dict[str, Figure | None]", tell: Callable[[Figure], str]) -> str:
    """Tell a figure without online learning, and with it where that was tried."""
    plain, online = figures["without"], figures["with"]
    text = "unknown" if plain is None else tell(plain)
    return text if online is None else f"{text}, {tell(online)} with online learning"
