"""``edgekeeper import``: bars from files into a store, with nothing lost on the way."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.open_bars import Opened, Wanted, open_bars, show_opened
from edgekeeper.cli.printing import console, print_json

if TYPE_CHECKING:
    import polars as pl

__all__ = ["import_bars"]


def import_bars(
    source: Annotated[
        str,
        typer.Argument(metavar="FILE|DIR", help="CSV or Parquet, or a folder of them; or bundled."),
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="STORE",
            help="Folder of the store, made if need be.",
            show_default=False,
        ),
    ],
    symbols: options.Symbols = "",
    tz: options.Zone = "",
    venue: options.Venue = "auto",
    stamp: options.Stamp = "auto",
    interval: options.Interval = "",
    dates: options.Dates = "",
    as_json: options.AsJson = False,
) -> None:
    """Read bars from files into a store, and say what was assumed.

    The usual column names are recognised. Rows that cannot be used are set aside with their reason
    and their text, never repaired. Bars already stored are skipped, so importing again is safe.
    """  # fmt: skip
    from edgekeeper.market import BarStore, write_quarantine

    screen = console(as_json)
    names = options.split_list(symbols)
    wanted = Wanted(source, names, (), tz, venue, stamp, interval, dates)
    opened = open_bars(wanted)
    show_opened(screen, opened)
    store = Path(out)
    added = BarStore(store).append(opened.bars, opened.interval)
    kept = write_quarantine(store, opened.quarantine)
    screen.print(f"\nStored in {store}: {added:,} new bars", markup=False)
    if kept is not None:
        screen.print(f"Quarantine: {kept}", markup=False, soft_wrap=True)
    screen.print(f"Next    edgekeeper replay --bars {store}", markup=False, soft_wrap=True)
    if as_json:
        print_json(_figures(opened, store, added, kept))


def _figures(opened: Opened, store: Path, added: int, kept: Path | None) -> dict[str, object]:
    bars = opened.bars
    stamps = bars.to_polars()["timestamp"]
    return {
        "bars": len(bars),
        "added": added,
        "symbols": list(bars.symbols_present),
        "interval": opened.interval,
        "first": _iso(stamps, 0),
        "last": _iso(stamps, -1),
        "assumptions": list(opened.market.assumptions),
        "quality": list(opened.quality),
        "quarantined": opened.quarantine.height,
        "reasons": dict(opened.quarantine["reason"].value_counts(sort=True).iter_rows()),
        "store": str(store),
        "quarantine": kept,
    }


def _iso(stamps: "pl.Series", position: int) -> str:
    return str(stamps.dt.strftime("%FT%TZ")[position])
