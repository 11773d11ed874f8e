"""``edgekeeper plan``: how long proof of an edge will take."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli.options import AsJson
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.tables import pairs

if TYPE_CHECKING:
    from edgekeeper.stats.plan import ProofPlan

__all__ = ["plan"]


def plan(
    sharpe: Annotated[
        float,
        typer.Option(
            "--sharpe",
            metavar="RATIO",
            help="Annual Sharpe ratio, net of costs, by which the edge beats what it is compared "
            "with.",
            show_default=False,
        ),
    ],
    line: Annotated[
        int,
        typer.Option(
            "--line",
            metavar="K",
            help="Which line it will be, counting all ever registered; later ones are tested "
            "harder.",
        ),
    ] = 1,
    bars_per_year: Annotated[
        float, typer.Option("--bars-per-year", metavar="N", help="Bars in a year: 252 daily ones.")
    ] = 252.0,
    as_json: AsJson = False,
) -> None:
    """Say how long an edge of a given size takes to prove.

    By the bet that promotes lines here, by the best bet there could be, and by a single look
    planned beforehand.
    """
    from edgekeeper.stats.plan import plan_proof
    from edgekeeper.stats.sequential import e_lond_level

    level = e_lond_level(line, 0)
    found = plan_proof(sharpe, level=level, periods_per_year=bars_per_year)
    if as_json:
        print_json({"line": line, "bars_per_year": bars_per_year, **asdict(found)})
        return
    screen = console()
    screen.print(_sentence(found), style="bold")
    screen.print()
    screen.print(
        pairs(
            {
                "The bet in use": f"mean {_years(found.mean_years)}, half by "
                f"{_years(found.median_years)}, four in five by {_years(found.likely_years)}",
                "The best bet": f"mean {_years(found.ideal_years)}: one that knows the edge",
                "A single look": f"{_years(found.fixed_years)}, planned beforehand, never repeated",
                "Error level": f"{found.level:.3g} for line {line}",
            }
        )
    )
    screen.print(
        "\nProfit is slow evidence: so a line keeps its own over refits, and virtual books use "
        "every signal.",
        style="dim",
    )


def _sentence(found: "ProofPlan") -> str:
    from edgekeeper.report.wording import number

    if found.likely_years == float("inf"):
        return (
            f"An edge worth a Sharpe ratio of {number(found.sharpe)} is too small to be proven by "
            "the bet in use."
        )
    return (
        f"An edge worth a Sharpe ratio of {number(found.sharpe)} is proven in "
        f"{_years(found.median_years)} as often as not, and in {_years(found.likely_years)} four "
        "times in five."
    )


def _years(years: float) -> str:
    from edgekeeper.report.wording import number

    if years == float("inf"):
        return "never"
    return f"{number(12.0 * years, 1)} months" if years < 1.0 else f"{number(years, 1)} years"
