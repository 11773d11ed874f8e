"""``edgekeeper audit``: is the record whole, and do its decisions come back?"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import RUN, find_run
from edgekeeper.cli.services import AuditedRun, services_of
from edgekeeper.cli.tables import pairs

if TYPE_CHECKING:
    from rich.console import Console
    from rich.status import Status

    from edgekeeper.report.snapshot import Snapshot

__all__ = ["audit"]


class _Line:
    """One line that says what is being done."""

    def __init__(self, status: "Status") -> None:
        self._status = status

    def phase(self, text: str) -> None:
        """Say it."""
        self._status.update(text)

    def update(self, snapshot: "Snapshot") -> None:
        """Say how far the replay is."""
        self._status.update(f"living the run again: bar {snapshot.done:,} of {snapshot.total:,}")


def audit(
    context: typer.Context,
    place: Annotated[
        str,
        typer.Argument(
            metavar="[LEDGER]",
            help="A run's folder, or the ledger file in it.",
            show_default=False,
        ),
    ] = "",
    run: options.RunFolder = "",
    head: Annotated[
        str,
        typer.Option(
            "--head",
            metavar="HASH",
            help="The ledger hash as known from elsewhere, such as a printed report.",
            show_default=False,
        ),
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="DATE",
            help="Recompute stored rows from the last seal before this date only.",
            show_default=False,
        ),
    ] = "",
    ledger: options.LedgerUrl = "",
    as_json: options.AsJson = False,
) -> None:
    """Prove a run: nothing was changed, and every decision comes back.

    Recomputes the hash chains from the stored rows, holds them against their seals, finds packages
    and bars by hash, and lives the run again: each link has to come back to the byte.

    Exit code 3 names the first difference, or what is absent.
    """  # fmt: skip
    asked = str(Path(place).parent) if Path(place).is_file() else place or run
    folder = Path(asked or RUN) if ledger else find_run(asked)
    screen = console(as_json)
    since_ns = _instant(since) if since else None
    with screen.status("opening the record") as status:
        found = services_of(context).audit(
            folder,
            ledger_url=ledger or None,
            head=head or None,
            since_ns=since_ns,
            screen=_Line(status),
        )
    if as_json:
        print_json(_figures(folder, found))
    else:
        _show(screen, found)


def _show(screen: "Console", found: AuditedRun) -> None:
    screen.print("The record is whole, and every decision in it came back to the byte.")
    rows = {
        f"Chain {one.role}": f"{one.links:,} links, {one.rows:,} rows, head {one.head[:16]}"
        for one in found.chains
    }
    rows |= {
        "Replayed": ", ".join(f"{n:,} links of {role}" for role, n in found.replayed.items()),
        "Seals": f"{found.seals:,} reached",
        "Found by hash": f"{found.packages:,} packages, {found.bars:,} bars, {found.segments:,} "
        "segments",
        "Ledger": found.head,
    }
    if found.trials_by_hand:
        rows["Trials by hand"] = f"{found.trials_by_hand:,} beside the packages, their chain holds"
    screen.print(pairs(rows), soft_wrap=True)
    if found.on_a_card:
        screen.print(
            f"{found.on_a_card:,} packages were fitted on a graphics card; the fits of this run "
            "came back on the one here, and need not on another card, driver or library.",
            soft_wrap=True,
        )
    for one in found.let_go:
        screen.print(
            f"Let go by retention on {_date(one.wall_time_ns)}: {one.segment.name}, "
            f"{one.segment.rows:,} rows ({one.reason}). Their digests came back.",
            soft_wrap=True,
        )
    for gap in found.gaps:
        screen.print(
            f"Not kept since {_date(gap.wall_time_ns)}: rows of {gap.table} from link "
            f"{gap.after_link + 1} {'on' if gap.until_link is None else f'to {gap.until_link - 1}'}"
            f" ({gap.reason}). Their digests came back.",
            soft_wrap=True,
        )
    if not found.complete:
        screen.print("The run was stopped before its last bar: `edgekeeper replay` goes on.")


def _figures(folder: Path, found: AuditedRun) -> dict[str, object]:
    return {
        "run": folder,
        "ledger": found.head,
        "chains": {one.role: asdict(one) for one in found.chains},
        "replayed": found.replayed,
        "seals": found.seals,
        "packages": found.packages,
        "packages_fitted_on_a_card": found.on_a_card,
        "bars": found.bars,
        "complete": found.complete,
        "segments": found.segments,
        "let_go": [asdict(one) for one in found.let_go],
        "trials_by_hand": found.trials_by_hand,
        "gaps": [asdict(gap) for gap in found.gaps],
    }


def _date(time_ns: int) -> str:
    import numpy as np

    return str(np.datetime64(time_ns, "ns").astype("datetime64[D]"))


def _instant(text: str) -> int:
    import numpy as np

    from edgekeeper.errors import UsageError

    try:
        return int(np.datetime64(text, "ns").astype(np.int64))
    except ValueError as error:
        raise UsageError(f"--since: expected a date such as 2024-05-31, got {text!r}") from error
