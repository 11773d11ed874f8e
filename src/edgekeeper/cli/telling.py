"""Show a report of sections on the screen, and write it as a page, Markdown or JSON."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from edgekeeper.cli.printing import jsonable
from edgekeeper.cli.tables import plain_table, print_bullets
from edgekeeper.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.report.sections import Telling

__all__ = ["show_telling", "telling_files", "write_telling"]

_MOST_ROWS = 40


def show_telling(screen: "Console", telling: "Telling") -> None:
    """Print the sentence first, then section after section."""
    from edgekeeper.report.wording import plain

    screen.print(f"\n{plain(telling.lead)}", style="bold", markup=False, soft_wrap=True)
    for section in telling.sections:
        if section.long:
            continue
        note = f" · {section.note}" if section.note else ""
        screen.print(f"\n{plain(section.title)}{note}", style="underline", markup=False)
        for sentence in section.sentences:
            screen.print(plain(sentence), markup=False, soft_wrap=True)
        if section.rows:
            heads = [head or " " for head in section.heads]
            rows = [[plain(cell) for cell in row] for row in section.rows[:_MOST_ROWS]]
            screen.print(plain_table(heads, rows, right=heads[1:]))
        print_bullets(screen, list(section.bullets))
    if telling.notes:
        screen.print()
        print_bullets(screen, list(telling.notes))


def telling_files(telling: "Telling") -> dict[str, bytes]:
    """Return the report by ending: ``.html``, ``.md`` and ``.json``."""
    from importlib.metadata import version

    from edgekeeper.report.sections import render_markdown, render_page

    made = f"edgekeeper {version('edgekeeper')}"
    figures = json.dumps(jsonable(telling.figures), indent=2, allow_nan=False)
    return {
        ".html": render_page(telling, generated_from=made).encode(),
        ".md": render_markdown(telling, generated_from=made).encode(),
        ".json": figures.encode(),
    }


def write_telling(telling: "Telling", path: Path) -> None:
    """Write the report in the form that the name's ending asks for.

    Raises
    ------
    UsageError
        Another ending.
    """
    from edgekeeper.atomic import write_atomically

    files = telling_files(telling)
    kind = path.suffix.lower()
    if kind not in files:
        raise UsageError(
            f"--out: expected a name that ends in {', '.join(files)}, got {path.name!r}"
        )
    write_atomically(path, files[kind])
