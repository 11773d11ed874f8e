"""``edgekeeper explain``: what a model listens to, and why it said what it said of one bar."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.find_package import find_package, find_package_folder
from edgekeeper.cli.model_acts import ExplainedBar
from edgekeeper.cli.moment import nanoseconds_of
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import plain_table
from edgekeeper.cli.with_bars import AskedBars, with_bars
from edgekeeper.desk.folder import open_ledger
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.bars import Bars
    from edgekeeper.config import Config
    from edgekeeper.explain import Attribution, Overview
    from edgekeeper.registry import Package
    from edgekeeper.report.picture import Picture

__all__ = ["explain"]

_MOST = 12


def _explain(
    context: typer.Context,
    asked: AskedBars,
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="A package: its folder, or its hash in a run.")
    ],
    signal: Annotated[
        str,
        typer.Argument(
            metavar="[SIGNAL]",
            help="SYMBOL@TIME, SYMBOL for its newest bar, or the name of a signal in a run.",
            show_default="the model as a whole",
        ),
    ] = "",
    out: Annotated[
        str,
        typer.Option("--out", metavar="FILE", help="Write the picture there.", show_default="none"),
    ] = "",
    run: options.RunFolder = "",
    as_json: options.AsJson = False,
) -> None:
    """Say what a model listens to, or what moved one forecast.

    By Shapley values of the packaged score, which say what moved it, not whether it is right.
    Without bars a model is explained from its package alone.
    """
    from edgekeeper.models.package import GRAPH
    from edgekeeper.registry.folder import read_folder

    screen = console(as_json)
    settings, bars = _bars(asked, screen, run, needed=bool(signal))
    package = find_package(model, run, settings.packages.trusted_keys)
    graph = read_folder(find_package_folder(model, run))[GRAPH]
    with screen.status("taking scores apart"):
        if signal:
            assert bars is not None
            symbol, at = _meant(signal, bars, run)
            one = services_of(context).explain_signal(
                package, bars, settings, symbol=symbol, at_ns=at, graph=graph
            )
        else:
            overview = services_of(context).explain(package, bars, settings, graph)
    if signal:
        _tell_one(screen, package, one, out, as_json)
    else:
        _tell_all(screen, package, overview, out, as_json, alone=bars is None)


explain = with_bars(_explain, required=False)


def _bars(
    asked: AskedBars, screen: "Console", run: str, *, needed: bool
) -> "tuple[Config, Bars | None]":
    """Bars that are named or that a run kept; without either, none where they are not needed."""
    from edgekeeper.cli.config_file import load_config

    if not asked.wanted.path and not run and not needed:
        try:
            find_run()
        except UsageError:
            return load_config(asked.config)[0], None
    opened, settings = asked.open(screen, run)
    return settings, opened.bars


def _meant(signal: str, bars: "Bars", run: str) -> tuple[str, int | None]:
    """Symbol and time of a signal."""
    symbol, at, when = signal.rpartition("@")
    if at:
        return symbol, nanoseconds_of(when, "SIGNAL")
    if signal in bars.symbols:
        return signal, None
    try:
        folder = find_run(run)
    except UsageError:
        return signal, None  # explain_signal says which symbols there are
    with open_ledger(folder) as ledger:
        rows = ledger.read("signals", ["symbol", "event_time_ns"], where={"id": signal}, limit=1)
    if rows.height == 0:
        raise UsageError(
            f"SIGNAL: expected SYMBOL@TIME, a symbol or the name of a signal in {folder}, got "
            f"{signal[:60]!r} (symbols: {', '.join(bars.symbols[:20])})"
        )
    return str(rows[0, "symbol"]), int(rows[0, "event_time_ns"])


def _tell_one(
    screen: "Console", package: "Package", one: ExplainedBar, out: str, as_json: bool
) -> None:
    from edgekeeper.report.explanation_picture import digits_for, waterfall
    from edgekeeper.report.wording import day, number, signed_number

    it = one.attribution
    when = day(one.time_ns, minutes=True)
    sentence = f"{one.symbol}, {when} UTC: model {package.hash[:12]} {it.sentence}"
    steps = _steps(it)
    known = {part.feature: part.value for part in it.parts}
    title = f"{one.symbol}, {when} UTC: why model {package.hash[:12]} leans {it.lean}"
    picture = _save(waterfall(title, steps, it.base, values=known), out)
    if as_json:
        print_json(
            {
                "sentence": sentence,
                "model": package.hash,
                "symbol": one.symbol,
                "time_ns": one.time_ns,
                **asdict(it),
                "lean": it.lean,
                "picture": picture,
            }
        )
        return
    screen.print(f"\n{sentence}\n", style="bold", markup=False, soft_wrap=True)
    digits = digits_for(max(abs(adds) for _, adds in steps))
    rows = [
        [name, number(known[name], 3) if name in known else "", signed_number(adds, digits)]
        for name, adds in steps
    ]
    heads = ("Feature", "was", "adds")
    screen.print(plain_table(heads, rows, right=heads[1:]))
    compared = package.manifest.heads.relative
    _end(screen, it.exact, max(part.error for part in it.parts), picture, compared=compared)


def _steps(it: "Attribution") -> list[tuple[str, float]]:
    """The largest parts one by one, and the rest as one."""
    steps = [(part.feature, part.adds) for part in it.parts[:_MOST]]
    rest = it.parts[_MOST:]
    if rest:
        steps.append((f"{len(rest)} others", sum(part.adds for part in rest)))
    return steps


def _tell_all(
    screen: "Console", package: "Package", it: "Overview", out: str, as_json: bool, *, alone: bool
) -> None:
    from edgekeeper.report.explanation_picture import summary_picture
    from edgekeeper.report.wording import number, percent

    sentence = f"Model {package.hash[:12]} {it.sentence}"
    if alone:
        sentence += " Told from the distributions in the package, as no bars were named."
    shown = dict(list(it.importance.items())[:_MOST])
    title = f"What model {package.hash[:12]} listens to, over {it.rows['all']} bars"
    picture = _save(summary_picture(title, shown, it.by_regime), out)
    if as_json:
        print_json(
            {"sentence": sentence, "model": package.hash, "package_alone": alone, **asdict(it),
             "picture": picture}
        )  # fmt: skip
        return
    screen.print(f"\n{sentence}\n", style="bold", markup=False, soft_wrap=True)
    total = sum(it.importance.values()) or 1.0
    rows = [
        [name, number(value, 3), percent(value / total, 0),
         *(number(it.by_regime[regime][name], 3) for regime in it.by_regime)]
        for name, value in shown.items()
    ]  # fmt: skip
    heads = ("Feature", "moves", "share", *it.by_regime)
    screen.print(plain_table(heads, rows, right=heads[1:]))
    _end(screen, it.exact, None, picture)


def _save(picture: "Picture", out: str) -> Path | None:
    return picture.save(out) if out else None


def _end(
    screen: "Console",
    exact: bool,
    error: float | None,
    picture: Path | None,
    *,
    compared: bool = False,
) -> None:
    how = "exact" if exact else "from orders drawn at random, the same each time"
    if error and math.isfinite(error):
        how += f"; standard error up to {error:.3f}"
    beyond = ", beyond the mean of the bar's symbols" if compared else ""
    said = f"\nShapley values of the log-odds that long does better{beyond}, {how}."
    screen.print(said, style="dim")
    if picture is not None:
        screen.print(f"Picture {picture}", markup=False, soft_wrap=True)
