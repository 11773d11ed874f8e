"""The options by which bars and configuration are found, given to every command that asks."""

import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_type_hints

import typer

from edgekeeper.cli import options
from edgekeeper.cli.config_file import load_config
from edgekeeper.cli.open_bars import Opened, Wanted, open_bars, show_opened
from edgekeeper.cli.run_folder import find_run
from edgekeeper.desk.folder import open_ledger
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.config import Config

__all__ = ["AskedBars", "with_bars"]

_KEPT = "bars"


@dataclass(frozen=True, slots=True)
class AskedBars:
    """Which bars and which configuration a command was asked for.

    Attributes
    ----------
    wanted : Wanted
        ``path`` is empty where no bars were named.
    config : str
        Path of a configuration, or empty.
    """

    wanted: Wanted
    config: str

    def open(self, screen: "Console", run: str = "") -> "tuple[Opened, Config]":
        """Open the bars and say what was read; without any named, those that a run kept.

        Raises
        ------
        UsageError
            No bars were named, and no run kept any.
        """
        if self.wanted.path:
            opened, settings = open_bars(self.wanted), load_config(self.config)[0]
        else:
            try:
                folder = find_run(run)
            except UsageError as error:
                needed = "--bars: expected the file they are in, or a run that kept some"
                raise UsageError(f"{needed}: {error}") from error
            opened, settings = _kept(folder, self.config)
        show_opened(screen, opened)
        return opened, settings


def _kept(folder: Path, config: str) -> "tuple[Opened, Config]":
    """Bars beside a run's record, under the configuration on record unless another is named."""
    import polars as pl

    from edgekeeper.config import parse_config
    from edgekeeper.market import longest_snapshot
    from edgekeeper.report.tell import Market

    bars = longest_snapshot(folder / _KEPT)
    if bars is None:
        raise UsageError(f"--bars: {folder} kept no bars: name the file they are in")
    if config:
        settings = load_config(config)[0]
    else:
        with open_ledger(folder) as ledger:
            settings = parse_config(json.loads(ledger.read("runs", ["config_json"])[0, 0]))
    market = Market(
        title=f"Bars of {folder}", assumptions=("kept beside the run's record, as it saw them",)
    )
    days = bars.interval_ns / 86_400e9
    words = f"{days:g} d a bar" if days >= 1 else f"{days * 24:g} h a bar"
    return Opened(bars, words, market, (), pl.DataFrame()), settings


def _named(
    *,
    bars: options.BarsPath,
    symbols: options.Symbols = "",
    facts: options.Context = None,
    config: options.ConfigPath = "",
    tz: options.Zone = "",
    venue: options.Venue = "auto",
    stamp: options.Stamp = "auto",
    interval: options.Interval = "",
    dates: options.Dates = "",
) -> AskedBars:
    names = options.split_list(symbols)
    wanted = Wanted(bars, names, facts or (), tz, venue, stamp, interval, dates)
    return AskedBars(wanted, config)


def with_bars(
    command: Callable[..., None], *, required: bool = True, usual: str = ""
) -> Callable[..., None]:
    """Return a command that takes these options, and is called with them as ``asked``.

    Parameters
    ----------
    command : callable
        With a parameter ``asked`` of :class:`AskedBars`, beside options of its own.
    required : bool
        Whether ``--bars`` has to be given; else a run's own bars stand in.
    usual : str
        Bars that are taken where none are named.
    """
    own = dict(inspect.signature(command).parameters)
    del own["asked"]
    shared = dict(inspect.signature(_named).parameters)
    hints = get_type_hints(_named, include_extras=True)
    if not required:
        hints["bars"] = _Kept
        shared["bars"] = shared["bars"].replace(default="")
    if usual:
        hints["bars"] = _Usual
        shared["bars"] = shared["bars"].replace(default=usual)

    @wraps(command)
    def called(**given: object) -> None:
        ours = {name: given.pop(name) for name in shared}
        command(**given, asked=_named(**ours))  # type: ignore[arg-type]

    every = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for each in (*own.values(), *shared.values())
    ]
    called.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    mine = get_type_hints(command, include_extras=True)
    called.__annotations__ = {n: mine[n] for n in own} | {n: hints[n] for n in shared}
    return called


_Kept = Annotated[
    str,
    typer.Option(
        "--bars",
        metavar="FILE|DIR|bundled",
        help="CSV or Parquet file, a folder of them, a store, or the bars that come along.",
        show_default="those that the run kept",
    ),
]
_Usual = Annotated[
    str,
    typer.Option(
        "--bars",
        metavar="FILE|DIR|bundled",
        help="CSV or Parquet file, a folder of them, a store, or the bars that come along.",
    ),
]
