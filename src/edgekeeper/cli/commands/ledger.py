"""``edgekeeper ledger``: copies of the record, and the way back."""

from pathlib import Path
from typing import Annotated

import typer

from edgekeeper.cli.help_text import add_command
from edgekeeper.cli.options import AsJson, LedgerUrl, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import LEDGER, find_run, open_ledger

__all__ = ["app"]

app = typer.Typer(help="Back the record up, restore it, or move it.", no_args_is_help=True)
_BACKUPS = "backups"


def back_up_ledger(
    run: RunFolder = "",
    ledger: LedgerUrl = "",
    to: Annotated[
        str, typer.Option("--to", metavar="DIR", help="Where.", show_default="backups in the run")
    ] = "",
    days: Annotated[int, typer.Option("--days", min=1, help="Nights kept.")] = 7,
    weeks: Annotated[int, typer.Option("--weeks", min=0, help="Weeks kept.")] = 5,
    months: Annotated[int, typer.Option("--months", min=0, help="Months kept.")] = 12,
    as_json: AsJson = False,
) -> None:
    """Copy the record into a dated file, verify it, drop old copies.

    Meant to run every night. A copy counts only once its chains were recomputed from its rows.
    """
    from edgekeeper.clock import WallClock
    from edgekeeper.ledger import back_up, backups_in, drop_backup, expired

    folder = Path() if ledger else find_run(run)
    place = Path(to) if to else folder / _BACKUPS
    with open_ledger(folder, ledger) as record:
        path = back_up(record, place, WallClock().now_ns())
    held = backups_in(place)
    gone = expired(held.values(), days=days, weeks=weeks, months=months)
    dropped = [file for file, time in held.items() if time in gone]
    for file in dropped:
        drop_backup(file)
    if as_json:
        print_json({"backup": path, "dropped": dropped, "kept": len(held) - len(dropped)})
        return
    kept = len(held) - len(dropped)
    console().print(f"Backed up and verified: {path} ({kept} kept, {len(dropped)} dropped)")


def restore_ledger(
    backup: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    run: Annotated[
        str, typer.Option("--run", metavar="DIR", help="Folder of the run.", show_default=False)
    ] = "",
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Put a backup back in place, verified; nothing is overwritten.

    The record goes on from there: `edgekeeper replay` lives again what came after.
    """
    from edgekeeper.errors import UsageError
    from edgekeeper.ledger import restore

    if not (run or ledger):
        raise UsageError("expected --run DIR or --ledger URL: where the record is to be")
    with restore(backup, ledger or Path(run) / LEDGER) as record:
        head, place = record.head("trade"), record.place
    if as_json:
        print_json({"ledger": place, "head": head})
        return
    console().print(f"Restored and verified: {place}, ledger {head[:16]}", soft_wrap=True)


def copy_ledger(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="A new file, or a URL.")],
    run: RunFolder = "",
    ledger: LedgerUrl = "",
    as_json: AsJson = False,
) -> None:
    """Copy the record to another database, verified there.

    From SQLite to PostgreSQL and back, without losing a row, with the same hashes.
    """
    folder = Path() if ledger else find_run(run)
    with open_ledger(folder, ledger) as record:
        rows = record.copy_to(target)
        head = record.head("trade")
    if as_json:
        print_json({"rows": rows, "head": head})
        return
    console().print(f"Copied and verified: {rows:,} rows, ledger {head[:16]}", soft_wrap=True)


for _name, _command in (
    ("backup", back_up_ledger),
    ("restore", restore_ledger),
    ("copy", copy_ledger),
):
    add_command(app, _name, _command)
