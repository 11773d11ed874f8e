"""``edgekeeper validate``: an honest verdict on one package, on bars it never saw."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.config_file import load_config
from edgekeeper.cli.find_package import find_package
from edgekeeper.cli.open_bars import Wanted, open_bars, show_opened
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.services import Certified, services_of
from edgekeeper.cli.tables import pairs, performance_table, print_bullets, score_pairs
from edgekeeper.errors import Refused

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["validate"]


def validate(
    context: typer.Context,
    model: Annotated[
        str,
        typer.Argument(metavar="MODEL", help="A package: its folder, or its hash in a run."),
    ],
    bars: options.BarsPath,
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
    """Judge one model on bars that it has not seen.

    Only bars after everything it was fitted on count; earlier ones warm up its features. Ends
    with exit code 4 unless the verdict is *passed*.
    """
    settings, _ = load_config(config)
    package = find_package(model, run, settings.packages.trusted_keys)
    screen = console(as_json)
    names = options.split_list(symbols)
    opened = open_bars(Wanted(bars, names, facts or (), tz, venue, stamp, interval, dates))
    show_opened(screen, opened)
    with screen.status("judging"):
        certificate = services_of(context).validate(package, opened.bars, settings)
    if as_json:
        print_json({"model": package.hash, **_figures(certificate)})
    else:
        _show(screen, package.hash, certificate)
    if certificate.verdict != "passed":
        raise typer.Exit(Refused.exit_code)


def _figures(certificate: Certified) -> dict[str, object]:
    return {
        "verdict": certificate.verdict,
        "reasons": list(certificate.reasons),
        "scores": asdict(certificate.scores),
        "performance": asdict(certificate.performance),
        "evidence": dict(certificate.evidence),
        **certificate.figures,
    }


def _show(screen: "Console", model: str, certificate: Certified) -> None:
    from edgekeeper.report.wording import number

    screen.print(f"\n{certificate.verdict.capitalize()}: model {model[:12]}", style="bold")
    for reason in certificate.reasons:
        screen.print(f"  ✗ {reason}", markup=False)
    screen.print()
    screen.print(pairs(score_pairs(certificate.scores)))
    screen.print()
    screen.print(performance_table({"Virtual book": certificate.performance}))
    proven = certificate.figures.get("proven")
    screen.print(
        f"\n{'Proven' if proven else 'Not proven'}: a bet that turns 1 into 20 is proof "
        "at 5 %, and all three have to."
    )
    bets = ", ".join(f"{name} {number(value)}" for name, value in certificate.evidence.items())
    print_bullets(screen, [f"against {bets}"])
