"""``edgekeeper gap``: what trading costs in reality, beside what was assumed."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from edgekeeper.cli.options import AsJson, LedgerUrl, RunFolder
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.tables import pairs
from edgekeeper.desk.folder import open_ledger

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.sidecar.gap import Gap

__all__ = ["gap"]


def gap(run: RunFolder = "", ledger: LedgerUrl = "", as_json: AsJson = False) -> None:
    """Compare the costs assumed with those a bot paid.

    And list the trades that were simulated but never made, with the causes.

    Outcomes bring entry_price, exit_price, quantity and fees; the price a signal was seen at comes
    with the signal. Exit code 1 where reality is worse than assumed, beyond chance.
    """
    from edgekeeper.sidecar.gap import read_gap

    with open_ledger(Path() if ledger else find_run(run), ledger) as record:
        found = read_gap(record)
    if as_json:
        print_json(found.record())
    else:
        _show(console(), found)
    if found.worse:
        raise typer.Exit(1)


def _show(screen: "Console", found: "Gap") -> None:
    from rich.text import Text

    screen.print(Text(found.sentence, style="bold"))
    if found.trades:
        screen.print()
        screen.print(
            pairs(
                {
                    "  Assumed, a round trip": _bps(found.assumed),
                    "  Realised": _bps(found.realised),
                    "  of which fees": _bps(found.realised_fees),
                    "  of which fills, exit as entry": _bps(found.realised_fills),
                    "  Worse than assumed by": f"{_bps(found.lower)} to {_bps(found.upper)}",
                    "  Trades with all of it": f"{found.trades} of {found.outcomes} outcomes",
                }
            )
        )
    if found.money:
        screen.print()
        screen.print(Text("Mean of a trade, at assumed costs and at those that were paid"))
        screen.print(
            pairs(
                {
                    f"  {one.whose}": f"{_percent(one.at_assumed)} · {_percent(one.at_realised)} "
                    f"({one.trades:,} trades)"
                    for one in found.money
                }
            )
        )
    if found.missed:
        screen.print()
        screen.print(Text("Signals that were not traded, and what they would have brought"))
        screen.print(
            pairs(
                {f"  {one.cause}": f"{one.count:,} · {_percent(one.simulated)}"
                 for one in found.missed}
            )
        )  # fmt: skip


def _bps(share: float) -> str:
    return "not known" if share != share else f"{1e4 * share:.1f} bps"


def _percent(share: float) -> str:
    return "not known" if share != share else f"{100.0 * share:+.2f} %"
