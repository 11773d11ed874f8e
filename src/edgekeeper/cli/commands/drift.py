"""``edgekeeper drift``: is the world still the one the model learned from?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekeeper.cli import options
from edgekeeper.cli.drift_files import open_drift_files
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.run_folder import find_run
from edgekeeper.cli.services import services_of
from edgekeeper.cli.tables import plain_table, print_bullets
from edgekeeper.desk.drift_told import ToldDrift, drift_json, told_of_run
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["drift"]

_MOST = 12
_NOTES = (
    "p-values count dependent rows as fewer: by the memory of each column's ranks, rows of one "
    "instant together.",
    "Adjusted p: the false discovery rate over all columns, half of the level; pairs have the "
    "other half (Benjamini and Hochberg).",
    "Stability: one less the distance of the distributions beyond what chance exceeds once in "
    "twenty.",
    "Read one by one: a monitor that learned the reference, with a false alarm budget of its own.",
)


def drift(
    context: typer.Context,
    run: Annotated[
        str,
        typer.Argument(
            metavar="[RUN]",
            help="Folder that `replay` left: its model's training beside its newest bars.",
            show_default="none, where files are named",
        ),
    ] = "",
    reference: Annotated[
        str,
        typer.Option("--reference", metavar="FILE", help="How things were: CSV or Parquet."),
    ] = "",
    current: Annotated[
        str, typer.Option("--current", metavar="FILE", help="How they are now, same columns.")
    ] = "",
    recent: Annotated[
        int, typer.Option("--recent", metavar="BARS", min=20, help="Of a run: at least so many.")
    ] = 126,
    level: Annotated[
        float, typer.Option("--level", metavar="P", min=0.002, max=0.5, help="Error level.")
    ] = 0.05,
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="Write the report there, as HTML or SVG.")
    ] = "",
    as_json: options.AsJson = False,
) -> None:
    """Say what has changed between two tables, or since a model's fit.

    Distributions, missing values and correlations of all columns, corrected for their number and
    for rows that depend on each other; with a probability and an outcome also calibration and loss.
    Of a run also what the model listens to. Drift is a finding, not a failure: the exit code is 0.
    """
    if bool(reference) != bool(current) or bool(run) == bool(reference):
        raise UsageError(
            "expected either a run, or both --reference and --current: `edgekeeper drift RUN` or "
            "`edgekeeper drift --reference then.parquet --current now.parquet`"
        )
    screen = console(as_json)
    with screen.status("comparing"):
        if run:
            seat = services_of(context).drift(find_run(run), recent_bars=recent, level=level)
            told = told_of_run(seat)
        else:
            told = _told_of_files(reference, current, level)
    if out:
        _write(Path(out), told)
    if as_json:
        print_json(told.json)
        return
    _tell(screen, told)
    if out:
        screen.print(f"\nReport  {out}", markup=False, soft_wrap=True)


def _told_of_files(reference: str, current: str, level: float) -> ToldDrift:
    from edgekeeper.report.drift_page import DriftSection
    from edgekeeper.validate.feature_drift import compare_tables

    files = open_drift_files(reference, current)
    found = compare_tables(files.reference, files.current, level=level)
    title = f"{Path(current).name} against {Path(reference).name}"
    section = DriftSection(title, found, files.timed)
    figures = {**drift_json(found), "sentence": section.sentence, "notes": files.notes}
    return ToldDrift(section.sentence, [section], files.notes, figures)


def _write(path: Path, told: ToldDrift) -> None:
    """Write the page, or the first picture alone where the name ends in .svg."""
    from importlib.metadata import version

    from edgekeeper.atomic import write_atomically
    from edgekeeper.report.drift_page import render_drift

    kind = path.suffix.lower()
    if kind == ".svg":
        told.sections[0].picture.save(path)
        return
    if kind not in (".html", ".htm"):
        raise UsageError(f"--out: expected a name that ends in .html or .svg, got {path.name!r}")
    page = render_drift(
        told.sections,
        title=told.sections[0].title,
        lead=told.lead,
        notes=(*told.notes, *_NOTES),
        importance=told.importance,
        generated_from=f"edgekeeper {version('edgekeeper')}",
    )
    write_atomically(path, page.encode())


def _tell(screen: "Console", told: ToldDrift) -> None:
    from edgekeeper.report import drift_words as words

    screen.print(f"\n{told.lead}", style="bold", markup=False, soft_wrap=True)
    for section in told.sections:
        if len(told.sections) > 1:
            screen.print(f"\n{section.title}: {section.sentence}", markup=False, soft_wrap=True)
        screen.print(f"{section.next_step}\n", markup=False, soft_wrap=True)
        heads = words.COLUMN_HEADS
        rows = words.column_rows(section.comparison, _MOST)
        screen.print(plain_table(heads, rows, right=heads[1:]))
        pairs = words.pair_rows(section.comparison)
        if pairs:
            screen.print()
            screen.print(plain_table(words.PAIR_HEADS, pairs, right=words.PAIR_HEADS[1:]))
    if told.importance:
        screen.print()
        named = words.IMPORTANCE_HEADS
        screen.print(plain_table(named, told.importance[:_MOST], right=named[1:]))
    if told.notes:
        screen.print()
        print_bullets(screen, told.notes)
