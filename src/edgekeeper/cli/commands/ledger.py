"""``edgekeeper ledger``: copies of the record, the way back, and where its bulk rows lie."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli.config_file import load_config
from edgekeeper.cli.help_text import add_command
from edgekeeper.cli.options import AsJson, ConfigPath, LedgerUrl, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import LEDGER, find_run
from edgekeeper.cli.tables import plain_table
from edgekeeper.desk.folder import open_ledger

if TYPE_CHECKING:
    from edgekeeper.ledger import Ledger

__all__ = ["app"]

app = typer.Typer(help="Back the record up, restore it, move or compact it.", no_args_is_help=True)
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


def show_segments(run: RunFolder = "", ledger: LedgerUrl = "", as_json: AsJson = False) -> None:
    """Show which rows lie in segments, and what was let go.

    Checks that each file is there, and the one that was chained.
    """
    folder = Path() if ledger else find_run(run)
    with open_ledger(folder, ledger) as record:
        held = record.check_segments()
    standing, gone = held.standing(), list(held.let_go.values())
    if as_json:
        print_json(
            {
                "segments": [asdict(one) for one in standing],
                "let_go": [asdict(one) for one in gone],
                "gaps": [asdict(gap) for gap in held.gaps],
            }
        )
        return
    screen = console()
    if not held.moved:
        screen.print("All rows are in the database: `edgekeeper ledger compact` moves old ones.")
    cells = [
        (one.table, _month(one.since_ns), f"{one.rows:,}", f"{one.bytes / 1e6:,.1f} MB", one.name)
        for one in standing
    ]
    if cells:
        columns = ("Table", "Month", "Rows", "Size", "Segment")
        screen.print(plain_table(columns, cells, right=("Rows", "Size")), soft_wrap=True)
    for one in gone:
        screen.print(f"Let go: {one.segment.name}, {one.segment.rows:,} rows ({one.reason})")
    for gap in held.gaps:
        screen.print(f"Not kept: rows of {gap.table} after link {gap.after_link} ({gap.reason})")


def compact_ledger(
    run: RunFolder = "",
    ledger: LedgerUrl = "",
    config: ConfigPath = "",
    keep_months: Annotated[
        int | None,
        typer.Option(
            "--keep-months",
            metavar="N",
            min=0,
            help="Whole months that stay in the database, beside the newest.",
            show_default="storage.keep_months",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Move sealed months of signals and forecasts into segments.

    Forecasts of a side-car among them. Nothing is lost, and no hash changes. Then lets go of what
    the configuration's [storage] does not keep, and gives the space back. Not while a run writes.
    """
    from edgekeeper.clock import WallClock
    from edgekeeper.ledger import OPERATIONAL_ROLES, SEALS_OF, Ledger, Upkeep

    storage = load_config(config)[0].storage
    if keep_months is not None:
        storage = storage.model_copy(update={"keep_months": keep_months})
    folder = Path() if ledger else find_run(run)
    with Ledger.open(ledger or folder / LEDGER) as record:
        record.check_seals()
        done = [
            Upkeep(record, storage, WallClock(), role=role).compact(_newest_seal(record, sealed))
            for role, sealed in SEALS_OF.items()
            if role == OPERATIONAL_ROLES[0] or _newest_seal(record, sealed)
        ]
        moved = [one for part in done for one in part.moved]
        let_go = [one for part in done for one in part.let_go]
        size = record.archive(WallClock()).size()
    if as_json:
        print_json(
            {
                "moved": [asdict(one) for one in moved],
                "let_go": [asdict(one) for one in let_go],
                "bytes": size,
            }
        )
        return
    rows, small = sum(one.rows for one in moved), sum(one.bytes for one in moved)
    screen = console()
    screen.print(
        f"Moved {rows:,} rows into {len(moved)} segments of {small / 1e6:,.1f} MB, let go of "
        f"{len(let_go)}; the record takes {size / 1e6:,.1f} MB."
    )


def _newest_seal(record: "Ledger", roles: Sequence[str]) -> int:
    """Instant of the last seal of these chains; 0: none."""
    seals = record.read("seals", ["event_time_ns"], where={"role": list(roles)})
    return max(seals["event_time_ns"].to_list(), default=0)


def _month(time_ns: int | None) -> str:
    import numpy as np

    return "" if time_ns is None else str(np.datetime64(time_ns, "ns").astype("datetime64[M]"))


for _name, _command in (
    ("backup", back_up_ledger),
    ("restore", restore_ledger),
    ("copy", copy_ledger),
    ("segments", show_segments),
    ("compact", compact_ledger),
):
    add_command(app, _name, _command)
