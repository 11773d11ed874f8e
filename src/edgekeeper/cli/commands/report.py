"""``edgekeeper report``: a finished run's report again, or hopes beside what was measured."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.services import Retold, services_of
from edgekeeper.cli.tables import plain_table, print_bullets

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.report.targets import Target

__all__ = ["report"]

_MOST = 8


def report(
    context: typer.Context,
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="Folder that `replay` or `demo` left.",
            show_default="edgekeeper-run, else edgekeeper-demo",
        ),
    ] = "",
    targets: Annotated[
        bool,
        typer.Option("--targets", help="Set what was hoped for beside what was measured."),
    ] = False,
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="Write the report there, as HTML.")
    ] = "",
    ledger: options.LedgerUrl = "",
    as_json: options.AsJson = False,
) -> None:
    """Show a finished run's report again.

    Told anew from its ledger, packages and bars. With `--targets` the headline hopes stand beside
    what this run measured, with intervals; they are hopes, and no gate ever reads them.
    """
    folder = find_run(run)
    services = services_of(context)
    screen = console(as_json)
    with screen.status("reading the record"):
        told = services.report(folder, ledger_url=ledger or None)
    if out:
        services.write_report(Path(out), [told.story], title=told.story.title)
    if as_json:
        hopes = {"targets": [_hope(it) for it in told.targets]} if targets else {}
        print_json({**told.summary, **hopes})
        return
    _show(screen, told, targets)
    if out:
        screen.print(f"\nReport  {out}", markup=False, soft_wrap=True)


def _hope(it: "Target") -> dict[str, object]:
    return {
        "name": it.hope.name,
        "before": it.hope.before,
        "after": it.hope.after,
        "measured": it.measured.value,
        "interval": [it.measured.low, it.measured.high],
        "baseline": it.baseline.value,
    }


def _show(screen: "Console", told: Retold, targets: bool) -> None:
    from edgekeeper.report.run_conditions import CONDITION_HEADS, condition_row, told_conditions
    from edgekeeper.report.targets import target_rows
    from edgekeeper.report.verdicts import verdict, verdict_table

    screen.print(verdict(told.story))
    if targets:
        heads = ("", "Hoped for", "Measured, 95 % interval", "Baseline")
        screen.print()
        screen.print(plain_table(heads, target_rows(told.targets), right=heads[1:]))
        screen.print(
            "\nBaseline: the rules alone; of accuracy, always guessing one side. Hopes are never "
            "a gate."
        )
        return
    print_bullets(screen, told.story.details)
    screen.print()
    screen.print(verdict_table([told.story]))
    rows = [condition_row(*one) for one in told_conditions(told.story.conditions)[:_MOST]]
    if rows:
        screen.print()
        screen.print(plain_table(CONDITION_HEADS, rows, right=CONDITION_HEADS[1:]))
