"""``edgekeeper why``: the questions a decision went through, in order."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli.moment import nanoseconds_of
from edgekeeper.cli.options import AsJson, LedgerUrl, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.tables import pairs
from edgekeeper.desk.folder import open_ledger

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.explain import Answer

__all__ = ["why"]


def why(
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="As in the bars.")],
    at: Annotated[
        str,
        typer.Option(
            "--at",
            metavar="TIME",
            help="The last decision up to then: 2018-03-01, or 2018-03-01T15:00 (UTC).",
            show_default="the newest",
        ),
    ] = "",
    run: RunFolder = "",
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Say why a symbol was traded, or why not.

    Every question its last decision went through, and the first that said no."""
    from edgekeeper.explain import why as ask

    moment = nanoseconds_of(at, "--at") if at else None
    with open_ledger(Path() if ledger else find_run(run), ledger) as record:
        answer = ask(record, symbol, at_ns=moment)
    if as_json:
        print_json({"sentence": answer.sentence, **asdict(answer)})
    else:
        _show(console(), answer)


def _show(screen: "Console", answer: "Answer") -> None:
    from rich.text import Text

    from edgekeeper.report.wording import plain

    screen.print(Text(plain(answer.sentence), style="bold"))
    screen.print()
    for question, passed in answer.steps:
        if passed:
            screen.print(Text.assemble(("  ✓ ", "green"), question))
        else:
            screen.print(
                Text.assemble(("  ✗ ", "bold red"), question, (f": {answer.reason}", "bold"))
            )
    if answer.forecast is not None:
        screen.print()
        who = "the model" if answer.model else "a line in shadow, which decides nothing,"
        screen.print(Text(f"What {who} forecast of the {answer.side} side", style="dim"))
        screen.print(pairs(_forecast(answer.forecast)))
    if answer.because is not None:
        screen.print()
        screen.print(Text(plain(f"Its score {answer.because.sentence}")))


def _forecast(forecast: dict[str, float]) -> dict[str, str]:
    from edgekeeper.report.wording import number, percent, signed

    def known(name: str) -> float:
        value = forecast.get(name)
        return float("nan") if value is None else value

    low, high = signed(known("lower"), 2), signed(known("upper"), 2)
    return {
        "  Chance of a profit": percent(known("probability")),
        "  Expected, after costs": f"{signed(known('expected_return'), 2)} ({low} to {high})",
        "  Chance of the stop": percent(known("risk")),
        "  Bars held": number(known("bars_held"), 1),
        "  Unfamiliar features": percent(known("novelty"), 0),
    }
