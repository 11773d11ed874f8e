"""``edgekeeper features``: what can be asked of bars, what it means, and whether it looks ahead."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.compiling import say_when_compiling
from edgekeeper.cli.help_text import add_command
from edgekeeper.cli.open_bars import Wanted, open_bars, show_opened
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.tables import pairs, plain_table, print_bullets
from edgekeeper.errors import StorageError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.bars import Bars
    from edgekeeper.features import FeatureSet

__all__ = ["app"]

app = typer.Typer(help="List, explain, check and compute features.", no_args_is_help=True)

Catalogues = Annotated[
    str,
    typer.Option("--catalogue", metavar="A,B", help="Ready-made sets.", show_default="all"),
]
Own = Annotated[
    list[str] | None,
    typer.Option(
        "--feature",
        metavar="NAME=TEXT",
        help="One of your own, such as gap='open / lag(close, 1) - 1'; again for more.",
        show_default=False,
    ),
]


def list_features(catalogue: Catalogues = "", as_json: options.AsJson = False) -> None:
    """List catalogues, or the features of some of them."""
    from edgekeeper.features import CATALOGUES
    from edgekeeper.features import catalogue as entries_of

    names = options.split_list(catalogue)
    found = {name: entries_of(name) for name in names or CATALOGUES}
    if as_json:
        print_json({name: [entry.name for entry in entries] for name, entries in found.items()})
        return
    screen = console()
    if names:
        rows = [(e.name, e.meaning) for entries in found.values() for e in entries]
        screen.print(plain_table(("Feature", "Meaning"), rows))
    else:
        sizes = [(name, str(len(entries)), entries[0].name) for name, entries in found.items()]
        screen.print(plain_table(("Catalogue", "Features", "such as"), sizes, right=("Features",)))
    screen.print("\nNext    edgekeeper features show rsi")


def show(
    name: Annotated[str, typer.Argument(metavar="WORD", help="A feature, indicator or op.")],
    as_json: options.AsJson = False,
) -> None:
    """Explain one word of the feature language, and draw it."""
    from edgekeeper.features import describe, draw, evaluate
    from edgekeeper.features.example_bars import example_bars

    it = describe(name)
    if as_json:
        print_json(it)
        return
    screen = console()
    screen.print(f"[bold]{it.signature}[/bold]  ({it.kind})", highlight=False)
    screen.print(it.meaning, markup=False)
    rows = {
        "Formula": it.formula,
        "Inputs": ", ".join(it.inputs),
        "First value": f"after {it.lookback}",
        "Start forgotten": f"after {it.warm_up}",
        "Source": it.source,
    }
    screen.print(pairs(rows))
    bars = example_bars(it.inputs)
    mine = bars.symbol == 0
    screen.print(f"\n{it.example} on random bars", style="dim", markup=False, soft_wrap=True)
    screen.print(draw(evaluate(it.example, bars)[mine]), markup=False, soft_wrap=True)
    screen.print("close", style="dim")
    screen.print(draw(bars.close[mine], height=4), markup=False, soft_wrap=True)


def check(
    bars: options.BarsPath,
    catalogue: Catalogues = "",
    feature: Own = None,
    symbols: options.Symbols = "",
    facts: options.Context = None,
    as_json: options.AsJson = False,
) -> None:
    """Prove on your bars that features do not look ahead.

    Cuts the future off, shuffles and multiplies it, starts later, computes live: nothing before may
    change. Names the feature that does, or the context column that knows later bars.
    """
    features, read, _ = _open(bars, catalogue, feature, symbols, facts, as_json)
    report = features.check(read)
    if as_json:
        print_json(report)
        return
    console().print(
        f"No feature of {report.features} looks ahead: {report.truncated_rows} rows without and "
        f"with two other futures, {report.streamed_rows} computed live to the last bit, "
        f"{report.late_values} values after a later start ({report.unsteady_values} ties), "
        f"{report.context_columns} context columns against later bars."
    )


def compute(
    bars: options.BarsPath,
    out: Annotated[
        str, typer.Option("--out", metavar="FILE_OR_DIR", help="Parquet to write.")
    ] = "features.parquet",
    catalogue: Catalogues = "",
    feature: Own = None,
    in_parts: Annotated[
        bool, typer.Option("--in-parts", help="In bounded memory, from Parquet as it is.")
    ] = False,
    symbols: options.Symbols = "",
    facts: options.Context = None,
    as_json: options.AsJson = False,
) -> None:
    """Compute features of bars into a Parquet file.

    With --in-parts a history of any length goes through a few hundred megabytes of memory: from a
    Parquet file, or a folder of them such as one interval of a bar store, to a file or a folder.
    Nothing is guessed then: `timestamp` is the instant a bar closes, in UTC where it has no zone.
    """
    path = Path(out)
    begin = time.perf_counter()
    if in_parts:
        if symbols or facts:
            raise UsageError("--in-parts: expected no --symbols and no --context beside it")
        rows, count, left_out = _in_parts(Path(bars), path, catalogue, feature, as_json)
    else:
        features, read, left_out = _open(bars, catalogue, feature, symbols, facts, as_json)
        begin = time.perf_counter()
        table = features.compute(read)
        try:
            table.write_parquet(path)
        except OSError as error:
            raise StorageError(f"--out: cannot write {path}: {error}") from error
        rows, count = table.height, len(features)
    if as_json:
        figures = {"rows": rows, "features": count}
        seconds = round(time.perf_counter() - begin, 3)
        print_json({**figures, "seconds": seconds, "file": path, "left_out": left_out})
        return
    console().print(f"{rows} rows of {count} features in {path}", markup=False)


def _in_parts(
    source: Path, target: Path, catalogue: str, own: list[str] | None, as_json: bool
) -> tuple[int, int, dict[str, tuple[str, ...]]]:
    """Rows and features written, and what was left out."""
    from edgekeeper.market import first_bars, write_features

    asked = _asked(catalogue, own)
    features, left_out = asked.available(first_bars(source))
    _show_left_out(console(as_json), left_out, len(asked))
    return write_features(features, source, target).rows, len(features), left_out


def bench(catalogue: Catalogues = "technical", as_json: options.AsJson = False) -> None:
    """Measure how fast features are on this machine."""
    from edgekeeper.features import FeatureSet
    from edgekeeper.features.example_bars import example_bars

    names = options.split_list(catalogue) or ("technical",)
    features = FeatureSet.from_catalogue(*names)
    bars = example_bars(features.columns, symbols=20, instants=5_000)
    features.matrix(bars, threads=1)
    best = min(_seconds(features, bars) for _ in range(3))
    each = best / len(bars) / len(features) * 1e9
    if as_json:
        size = {"rows": len(bars), "features": len(features)}
        print_json({**size, "seconds": best, "ns_a_value": each})
        return
    console().print(
        f"{len(features)} features of {len(bars)} rows in {best:.3f} s on one thread: "
        f"{each:.1f} ns a value"
    )


def _seconds(features: "FeatureSet", bars: "Bars") -> float:
    begin = time.perf_counter()
    features.matrix(bars, threads=1)
    return time.perf_counter() - begin


def _open(
    path: str,
    catalogue: str,
    own: list[str] | None,
    symbols: str,
    facts: list[str] | None,
    as_json: bool,
) -> "tuple[FeatureSet, Bars, dict[str, tuple[str, ...]]]":
    """Features and the bars to compute them from; what they cannot give is said and left out."""
    asked = _asked(catalogue, own)
    opened = open_bars(Wanted(path, options.split_list(symbols), facts or ()))
    screen = console(as_json)
    show_opened(screen, opened)
    features, left_out = asked.available(opened.bars)
    _show_left_out(screen, left_out, len(asked))
    return features, opened.bars, left_out


def _asked(catalogue: str, own: list[str] | None) -> "FeatureSet":
    from edgekeeper.features import CATALOGUES, FeatureSet

    say_when_compiling()

    texts = {}
    for text in own or ():
        name, equals, expression = text.partition("=")
        if not equals:
            raise UsageError(
                f"--feature: expected NAME=TEXT, such as gap='open / close', got {text!r}"
            )
        texts[name.strip()] = expression
    names = options.split_list(catalogue) or (() if texts else CATALOGUES)
    ready = FeatureSet.from_catalogue(*names).expressions if names else {}
    return FeatureSet({**ready, **texts})


def _show_left_out(screen: "Console", left_out: dict[str, tuple[str, ...]], asked: int) -> None:
    if lines := _missing({column for columns in left_out.values() for column in columns}):
        screen.print(f"{len(left_out)} of {asked} features are left out", style="yellow")
        more = [f"and {len(lines) - 12} more"] if lines[12:] else []
        print_bullets(screen, [*lines[:12], *more])


def _missing(columns: Iterable[str]) -> list[str]:
    """What is not there, a line for each place it comes from."""
    from edgekeeper.features import source_of

    by_source: dict[str, list[str]] = {}
    for column in sorted(columns):
        by_source.setdefault(source_of(column) if "." in column else "", []).append(column)
    lines = []
    for source, names in by_source.items():
        more = f" and {len(names) - 3} more" if names[3:] else ""
        said = f"without {', '.join(names[:3])}{more}"
        lines.append(f"{said}: {source}" if source else said)
    return lines


add_command(app, "list", list_features)
add_command(app, "show", show)
add_command(app, "check", check)
add_command(app, "compute", compute)
add_command(app, "bench", bench)
