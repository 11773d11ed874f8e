"""``edgekeeper drift``: is the world still the one the model learned from?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekeeper.cli import options
from edgekeeper.cli.drift_files import DriftFiles, open_drift_files
from edgekeeper.cli.printing import console, print_json
from edgekeeper.cli.tables import plain_table, print_bullets
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.report.drift_page import DriftSection
    from edgekeeper.validate.feature_drift import DriftComparison

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
    reference: Annotated[
        str,
        typer.Option("--reference", metavar="FILE", help="How things were: CSV or Parquet."),
    ],
    current: Annotated[
        str, typer.Option("--current", metavar="FILE", help="How they are now, same columns.")
    ],
    level: Annotated[
        float,
        typer.Option("--level", metavar="P", min=0.001, max=0.5, help="Error level."),
    ] = 0.05,
    out: Annotated[
        str, typer.Option("--out", metavar="FILE", help="Write the report there, as HTML or SVG.")
    ] = "",
    as_json: options.AsJson = False,
) -> None:
    """Say what has changed between two tables, and since when.

    Distributions, missing values and correlations of all columns, corrected for their number and
    for rows that depend on each other; with a probability and an outcome also calibration and loss.
    """
    screen = console(as_json)
    with screen.status("comparing"):
        from edgekeeper.report.drift_page import DriftSection
        from edgekeeper.validate.feature_drift import compare_tables

        files = open_drift_files(reference, current)
        found = compare_tables(files.reference, files.current, level=level)
    section = DriftSection(f"{Path(current).name} against {Path(reference).name}", found,
                           files.timed)  # fmt: skip
    notes = (*files.notes, *_NOTES)
    if out:
        _write(Path(out), [section], section.sentence, notes)
    if as_json:
        print_json({**drift_json(found), "sentence": section.sentence, "notes": files.notes})
        return
    _tell(screen, section, files)
    if out:
        screen.print(f"\nReport  {out}", markup=False, soft_wrap=True)


def drift_json(found: "DriftComparison") -> dict[str, Any]:
    """Figures of a comparison."""
    alarm = found.alarm
    return {
        "drift": found.drift,
        "level": found.level,
        "features": list(found.changed),
        "correlations": [
            {"first": c.first, "second": c.second, "before": c.before, "after": c.after,
             "adjusted_p": c.q_value}
            for c in found.changed_pairs
        ],
        "alarms": [] if alarm is None else [
            {"kind": alarm.kind, "features": alarm.features, "rose": alarm.rose,
             "since": found.since_instant, "at": found.alarm_instant,
             "sentence": alarm.sentence}
        ],
        "persistent": found.persistent,
        "columns": {
            c.name: {
                "psi": c.psi, "ks": c.ks, "p": c.p_value, "adjusted_p": c.q_value,
                "effective_observations": c.effective, "stability": c.stability,
                "missing_before": c.missing_before, "missing_after": c.missing_after,
                "missing_p": c.missing_p_value, "windows": c.windows,
            }
            for c in found.columns
        },
        "window_ends": found.window_ends,
    }  # fmt: skip


def _write(path: Path, sections: "list[DriftSection]", lead: str, notes: tuple[str, ...]) -> None:
    """Write the page, or the first picture alone where the name ends in .svg."""
    from importlib.metadata import version

    from edgekeeper.market.atomic import write_atomically
    from edgekeeper.report.drift_page import render_drift

    kind = path.suffix.lower()
    if kind == ".svg":
        sections[0].picture.save(path)
        return
    if kind not in (".html", ".htm"):
        raise UsageError(f"--out: expected a name that ends in .html or .svg, got {path.name!r}")
    page = render_drift(
        sections,
        title=sections[0].title,
        lead=lead,
        notes=notes,
        generated_from=f"edgekeeper {version('edgekeeper')}",
    )
    write_atomically(path, page.encode())


def _tell(screen: "Console", section: "DriftSection", files: DriftFiles) -> None:
    from edgekeeper.report import drift_words as words

    screen.print(f"\n{section.sentence}", style="bold", markup=False, soft_wrap=True)
    screen.print(f"{section.next_step}\n", markup=False, soft_wrap=True)
    heads = words.COLUMN_HEADS
    screen.print(plain_table(heads, words.column_rows(section.comparison, _MOST), right=heads[1:]))
    pairs = words.pair_rows(section.comparison)
    if pairs:
        screen.print()
        screen.print(plain_table(words.PAIR_HEADS, pairs, right=words.PAIR_HEADS[1:]))
    if files.notes:
        screen.print()
        print_bullets(screen, files.notes)
