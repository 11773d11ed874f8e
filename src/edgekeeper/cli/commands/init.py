"""``edgekeeper init``: a folder with a commented configuration, after a few questions."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekeeper.cli.config_file import CONFIG_FILE, config_text
from edgekeeper.cli.options import AsJson
from edgekeeper.cli.printing import console, print_json
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from edgekeeper.config import Config

__all__ = ["init"]

_FALLBACKS = {
    "rules": "a plain crossover of averages",
    "cash": "nobody: stay out",
    "follow_bot": "the signals of your own bot",
}
_EACH = "each"


def init(
    folder: Annotated[
        str, typer.Argument(metavar="DIR", help="Where edgekeeper.toml goes; made if need be.")
    ] = ".",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing, take the defaults.")
    ] = False,
    recipe: Annotated[
        str,
        typer.Option(
            "--recipe",
            metavar="NAME",
            help="Begin with a recipe that comes along: peers, for several symbols.",
            show_default="the default lines",
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Set up a folder with a commented configuration.

    Paper trading by default. Asks a few questions where somebody is there to answer; every answer
    can be changed in the file later.
    """
    from edgekeeper.atomic import write_atomically
    from edgekeeper.config import Config, parse_config, recipe_text

    file = Path(folder) / CONFIG_FILE
    if file.exists():
        raise UsageError(f"{file} is there already: edit it, or choose another folder")
    config, bars = parse_config(recipe_text(recipe)) if recipe else Config(), "YOUR.csv"
    if not (yes or as_json) and sys.stdin.isatty():
        config, bars = _ask(config, ask_recipe=not recipe)
    write_atomically(file, config_text(config).encode())
    here = Path(folder).resolve() == Path.cwd()
    command = f"edgekeeper replay --bars {bars}" + ("" if here else f" --config {file}")
    screen = console(as_json)
    screen.print(f"Wrote {file}: paper money; every key is explained there.", markup=False)
    screen.print(f"Next    {command}", markup=False, soft_wrap=True)
    if as_json:
        print_json({"config": file, "hash": config.hash(), "next": command})


def _ask(config: "Config", *, ask_recipe: bool) -> "tuple[Config, str]":
    """Ask what newcomers differ in; the rest keeps its default."""
    from edgekeeper.config import RECIPES, parse_config, recipe_text

    typer.echo("A few questions; Enter takes the answer in brackets.\n")
    bars = typer.prompt("Your bars: a CSV or Parquet file, a folder, or 'bundled'", "bundled")
    if bars != "bundled" and not Path(bars).exists():
        typer.echo(f"  (nothing at {bars} yet; that is fine for now)")
    symbols = typer.prompt("Symbols, such as AAPL,MSFT, or 'all'", "all")
    if ask_recipe:
        kinds = {_EACH: "where each symbol goes, by itself", **RECIPES}
        for name, meaning in kinds.items():
            typer.echo(f"  {name:11} {meaning}")
        if (recipe := _choose("What lines learn", list(kinds), _EACH)) != _EACH:
            config = parse_config(recipe_text(recipe))
    for name, meaning in _FALLBACKS.items():
        typer.echo(f"  {name:11} {meaning}")
    fallback = _choose("Who trades until a model has earned it", list(_FALLBACKS), config.fallback)
    side = config.costs.fee_bps
    fee = typer.prompt("Broker's fee a side, in basis points (1 = 0.01 %)", side, type=float)
    spread = typer.prompt("Half the bid-ask spread, in basis points", config.costs.half_spread_bps,
                          type=float)  # fmt: skip
    shorting = typer.confirm("May it sell short?", config.policy.shorting)
    answers: dict[str, Any] = {**config.model_dump(), **config.local()}
    answers["fallback"] = fallback
    answers["costs"] |= {"fee_bps": fee, "half_spread_bps": spread}
    answers["policy"]["shorting"] = shorting
    typer.echo("")
    names = symbols.replace(" ", "")
    chosen = "" if names in ("", "all") else f" --symbols {shlex.quote(names)}"
    return parse_config(answers), shlex.quote(bars) + chosen


def _choose(question: str, answers: list[str], default: str) -> str:
    while True:
        answer = str(typer.prompt(f"{question} ({', '.join(answers)})", default)).strip()
        if answer in answers:
            return answer
        typer.echo(f"  one of {', '.join(answers)}, please")
