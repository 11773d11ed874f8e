"""``edgekeeper doctor``: is this machine fit, and if not, what is the fix."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli.options import AsJson, LedgerUrl
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import LEDGER, PAPER, find_live_run

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.cli.machine import Check

__all__ = ["doctor"]

_SIGNS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "bold red")}


def doctor(
    run: Annotated[
        str,
        typer.Option(
            "--run",
            metavar="DIR",
            help="Check this live run, too.",
            show_default="edgekeeper-paper, if there is one",
        ),
    ] = "",
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Check this machine, and print the fix for what is missing.

    Of a live run or a service, too: whether it trades and is watched, how often its guard against
    losses in a row would pause a model by chance alone, its database, its disk and in how many
    days it is full, who may read it, its port, tokens, notifications and extras.

    Ends with exit code 1 where something would keep Edgekeeper from working.
    """
    from edgekeeper.cli.extras_health import check_extras
    from edgekeeper.cli.machine import check_machine
    from edgekeeper.cli.run_health import check_run, check_streak
    from edgekeeper.cli.service_health import check_service

    checks = check_machine(Path.cwd())
    if run or (Path(PAPER) / LEDGER).is_file():
        folder = Path(run) if ledger and run else find_live_run(run)
        checks += check_run(folder, ledger)
        checks += check_service(folder, ledger)
    else:
        checks.append(check_streak())
        checks += check_extras({})
    failed = [check for check in checks if check.outcome == "fail"]
    if as_json:
        print_json({"ok": not failed, "checks": [asdict(check) for check in checks]})
    else:
        _show(console(), checks)
    if failed:
        raise typer.Exit(1)


def _show(screen: "Console", checks: "list[Check]") -> None:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    for wrap in (True, True, False):
        grid.add_column(no_wrap=wrap, overflow="fold")
    for check in _merged(checks):
        sign, style = _SIGNS[check.outcome]
        found = Text(check.found)
        if check.fix:
            found.append(f"\nfix: {check.fix}", style)
        grid.add_row(Text(sign, style), check.name, found)
    screen.print(grid)
    outcomes = [check.outcome for check in checks]
    words = _verdict(outcomes.count("fail"), outcomes.count("warn"))
    screen.print(f"\n{words}", style="bold")


def _merged(checks: "list[Check]") -> "list[Check]":
    """Put libraries that are as expected on one line, which few people read."""
    good = [check for check in checks if check.library and check.outcome == "ok"]
    rest = [check for check in checks if check not in good]
    if not good:
        return rest
    versions = ", ".join(f"{check.name} {check.found}" for check in good)
    return [*rest, replace(good[0], name="Libraries", found=versions)]


def _verdict(failed: int, warned: int) -> str:
    if failed:
        return f"{failed} {'thing keeps' if failed == 1 else 'things keep'} Edgekeeper from working"
    if warned:
        return f"Fit to work, with {warned} {'remark' if warned == 1 else 'remarks'}"
    return "All is well"
