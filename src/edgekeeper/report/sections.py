"""A report made of sections: plain sentences first, then tables; as HTML and as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgekeeper.report.charts import Chart
from edgekeeper.report.wording import plain

__all__ = ["Section", "Telling", "render_markdown", "render_page"]


@dataclass(frozen=True, slots=True)
class Section:
    """One heading with what stands below it.

    Attributes
    ----------
    title, note : str
        The note says in a few words what the section rests on.
    sentences : sequence of str
    heads, rows
        A table; the first column names the rows.
    bullets : sequence of str
    chart : Chart or None
        Of the page only; Markdown has the table.
    long : bool
        Whether it is for looking things up: folded on a page, left out on a screen.
    """

    title: str
    note: str = ""
    sentences: Sequence[str] = ()
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    bullets: Sequence[str] = ()
    chart: Chart | None = None
    long: bool = False


@dataclass(frozen=True, slots=True)
class Telling:
    """A whole report: one sentence, sections, what to know before trusting it, and its figures."""

    kind: str
    title: str
    lead: str
    sections: Sequence[Section]
    notes: Sequence[str]
    figures: Mapping[str, Any] = field(default_factory=dict)


def render_page(telling: Telling, *, generated_from: str) -> str:
    """Return one HTML document that asks for nothing from outside and runs no script."""
    from edgekeeper.report.html import page_environment  # late: loads what calculates a report

    return (
        page_environment()
        .get_template("sections.html.j2")
        .render(telling=telling, generated_from=generated_from)
    )


def render_markdown(telling: Telling, *, generated_from: str) -> str:
    """Return the same as Markdown, with tables as GitHub knows them."""
    lines = [f"# {_flat(telling.title)}", "", f"**{_flat(telling.lead)}**", ""]
    for section in telling.sections:
        lines += [f"## {_flat(section.title)}", ""]
        lines += [f"*{_flat(section.note)}*", ""] if section.note else []
        for sentence in section.sentences:
            lines += [_flat(sentence), ""]
        if section.rows:
            lines += _table(section)
        if section.bullets:
            lines += [*(f"- {_flat(bullet)}" for bullet in section.bullets), ""]
    if telling.notes:
        lines += ["## Before you trust this", "", *(f"- {_flat(note)}" for note in telling.notes)]
        lines += [""]
    return "\n".join([*lines, f"*{_flat(generated_from)}*", ""])


def _table(section: Section) -> list[str]:
    marks = ["---", *("---:" for _ in section.heads[1:])]
    rows = [section.heads, marks, *section.rows]
    cells = [[cell if row is marks else _flat(cell) or " " for cell in row] for row in rows]
    return [*("| " + " | ".join(row) + " |" for row in cells), ""]


def _flat(text: str) -> str:
    """Text that no name in a record can turn into other markup."""
    clean = " ".join(plain(text).split())
    for sign in "\\`*_[]<>|#":
        clean = clean.replace(sign, f"\\{sign}")
    return clean
