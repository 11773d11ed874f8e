"""Options that several commands share, each declared once."""

from collections.abc import Sequence
from typing import Annotated, Literal

import typer

from edgekeeper.errors import UsageError

__all__ = [
    "AsJson",
    "BarsPath",
    "ConfigPath",
    "Context",
    "Dates",
    "DeviceName",
    "FeatureList",
    "Interval",
    "Jobs",
    "LearnerName",
    "LedgerUrl",
    "LiveInterval",
    "Parent",
    "RunFolder",
    "Seed",
    "Stamp",
    "Symbols",
    "Venue",
    "Zone",
    "read_settings",
    "split_list",
]

_TIMES = "How the times in a file are meant"

AsJson = Annotated[
    bool, typer.Option("--json", help="Figures as JSON on standard output, and nothing else there.")
]
BarsPath = Annotated[
    str,
    typer.Option(
        "--bars",
        metavar="FILE|DIR|bundled",
        help="CSV or Parquet file, a folder of them, a store made by `import`, or the bars that "
        "come along.",
        show_default=False,
    ),
]
Symbols = Annotated[
    str, typer.Option("--symbols", metavar="A,B", help="Only these.", show_default="all")
]
Context = Annotated[
    list[str] | None,
    typer.Option(
        "--context",
        metavar="NAME=FILE",
        help="Further facts for features, such as VIX=vix.csv; venue=hours for holidays.",
        show_default=False,
    ),
]
ConfigPath = Annotated[
    str,
    typer.Option(
        "--config",
        metavar="FILE|RECIPE",
        help="Configuration; or a recipe that comes along, over edgekeeper.toml if there is one: "
        "peers.",
        show_default="edgekeeper.toml here, else the defaults",
    ),
]
RunFolder = Annotated[
    str,
    typer.Option(
        "--run",
        metavar="DIR",
        help="Folder that `replay` or `demo` left.",
        show_default="edgekeeper-run, else edgekeeper-demo",
    ),
]
LiveInterval = Annotated[
    str, typer.Option("--interval", metavar="1m…1d", help="Length of the bars.", show_default="1h")
]
Parent = Annotated[
    str,
    typer.Option(
        "--from",
        metavar="RUN",
        help="Begin with the packages and bars of this run; its evidence is not added.",
        show_default=False,
    ),
]
LedgerUrl = Annotated[
    str,
    typer.Option(
        "--ledger",
        metavar="URL",
        help="Database of the record, such as postgresql://user@host/name.",
        show_default="ledger.sqlite in the run's folder",
    ),
]
LearnerName = Annotated[
    str,
    typer.Option(
        "--learner", "--ensemble", metavar="NAME", help="As `models learners` lists them."
    ),
]
FeatureList = Annotated[
    str,
    typer.Option(
        "--features", metavar="A,B", help="Catalogues of features.", show_default="the usual"
    ),
]
DeviceName = Annotated[
    Literal["cpu", "cuda"], typer.Option("--device", help="Processor, or a graphics card.")
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", metavar="N", min=0, max=2**31 - 1, help="Seed.", show_default="as configured"
    ),
]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs",
        metavar="J",
        min=0,
        help="Trials side by side; the answer is the same with any.",
        show_default="all processors but one",
    ),
]
Zone = Annotated[
    str,
    typer.Option(
        "--tz",
        metavar="ZONE",
        help="Zone of times that name none, such as America/New_York.",
        rich_help_panel=_TIMES,
        show_default=False,
    ),
]
Venue = Annotated[
    str,
    typer.Option(
        "--venue",
        metavar="CODE",
        help="Whose sessions close a day: XNYS, 24/7 (crypto), FX, …",
        rich_help_panel=_TIMES,
    ),
]
Stamp = Annotated[
    str,
    typer.Option(
        "--stamp",
        metavar="auto|start|end",
        help="Which end of a bar its time names.",
        rich_help_panel=_TIMES,
    ),
]
Interval = Annotated[
    str,
    typer.Option(
        "--interval",
        metavar="1m…1d",
        help="Length of a bar; of a store, which of its lengths.",
        rich_help_panel=_TIMES,
        show_default="read off the data",
    ),
]
Dates = Annotated[
    str,
    typer.Option(
        "--dates",
        metavar="PATTERN",
        help="Pattern of dates that could be read in two ways, such as %d/%m/%Y.",
        rich_help_panel=_TIMES,
        show_default=False,
    ),
]


def split_list(text: str) -> tuple[str, ...]:
    """Return the parts of a list with commas, without spaces and empty parts.

    Examples
    --------
    >>> split_list("AAPL, MSFT,")
    ('AAPL', 'MSFT')
    """
    return tuple(part.strip() for part in text.split(",") if part.strip())


def read_settings(pairs: Sequence[str], option: str) -> dict[str, float | int | str | bool]:
    """Read ``NAME=VALUE`` pairs; numbers and true or false are meant as such.

    Raises
    ------
    UsageError
        A pair that is none.

    Examples
    --------
    >>> read_settings(["depth=4", "members=lightgbm, logistic"], "--set")
    {'depth': 4, 'members': 'lightgbm, logistic'}
    """
    found: dict[str, float | int | str | bool] = {}
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (name and equals and value):
            raise UsageError(f"{option}: expected NAME=VALUE, got {pair[:60]!r}")
        found[name] = _value(value)
    return found


def _value(text: str) -> float | int | str | bool:
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
