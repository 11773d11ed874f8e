"""Figures as small tables that fit into 80 columns."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from edgekeeper.stats.scores import Scores

__all__ = ["pairs", "plain_table", "print_bullets", "score_pairs"]


def plain_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()
) -> "Table":
    """Return a table of text; columns named in ``right`` are set flush right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    for head in heads:
        table.add_column(head, justify="right" if head in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    return table


def print_bullets(
    screen: "Console", lines: Sequence[str], sign: str = "·", style: str = ""
) -> None:
    """Print sentences behind a sign; in a terminal a long one stays indented, elsewhere whole."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    from edgekeeper.report.wording import plain

    for line in lines:
        if not screen.is_terminal:
            screen.print(Text(f"  {sign} {plain(line)}"), soft_wrap=True)
            continue
        grid = Table.grid(padding=(0, 1))
        grid.add_row(Text(sign, style), Text(plain(line), style, overflow="fold"))
        screen.print(Padding(grid, (0, 0, 0, 2)))


def pairs(rows: Mapping[str, str]) -> "Table":
    """Return names and what they are, in two columns."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in rows.items():
        grid.add_row(name, Text(value))
    return grid


def score_pairs(scores: "Scores") -> dict[str, str]:
    """Return forecast scores in words; accuracy stands beside always guessing the majority."""
    from edgekeeper.report.wording import count, number, percent

    return {
        "Forecasts": f"{count(scores.count)} with a known outcome",
        "AUC": f"{number(scores.auc, 3)} (0.5 is chance)",
        "Accuracy": f"{percent(scores.accuracy)} (always guessing one side: "
        f"{percent(scores.majority)})",
        "Brier": number(scores.brier, 4),
        "Log loss": number(scores.log_loss, 4),
    }
