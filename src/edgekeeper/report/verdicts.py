"""What stands in the terminal at the end: verdicts, a table, where the report is, what next."""

import math
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.style import Style
from rich.table import Table
from rich.text import Text

from edgekeeper.report.standing import standing
from edgekeeper.report.story import Story
from edgekeeper.report.wording import MISSING, duration, number, percent, plain, signed

__all__ = ["ACCOUNT_STYLES", "final_words", "verdict", "verdict_table"]

ACCOUNT_STYLES = {
    "edgekeeper": "bold bright_blue",
    "always_newest": "yellow",
    "rules": "green",
    "buy_and_hold": "bright_black",
}
_HEADS = {
    "edgekeeper": "Edge-\nkeeper",
    "always_newest": "Always-\nnewest",
    "rules": "Rules",
    "buy_and_hold": "Buy and\nhold",
}
_SIGNS = {
    "trading": ("▲", "bold bright_blue"),
    "retreated": ("▼", "bold yellow"),
    "refused": ("✕", "bold"),
    "empty": ("○", "dim"),
}


def verdict(story: Story, seconds: float = math.nan) -> Text:
    """One market's verdict: its title and outcome, the plain sentence, and the tally of lines."""
    outcome = standing(story)
    sign, style = _SIGNS[outcome.kind]
    text = Text.assemble(
        (f"{sign} ", style), (plain(story.title), "bold"), "  ", (outcome.words, style)
    )
    if math.isfinite(seconds):
        text.append(f"  {duration(seconds)}", style="dim")
    text.append("\n" + plain(story.sentence))
    return text.append("\n" + outcome.tally, style="dim")


def verdict_table(stories: Sequence[Story]) -> Table:
    """All markets' figures side by side, fit for 80 columns.

    Returns of the four accounts after costs, Edgekeeper's Sharpe ratio and worst fall; a missing
    figure reads "—".
    """
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
    table.add_column("Market", overflow="fold")
    for name, label in _HEADS.items():
        table.add_column(Text(label, style=ACCOUNT_STYLES[name]), justify="right", no_wrap=True)
    for label in ("Sharpe", "Worst\nfall"):
        table.add_column(label, justify="right", no_wrap=True)
    for story in stories:
        own = story.books.get("edgekeeper")
        table.add_row(
            Text(plain(story.title)),
            *[
                signed(story.books[name].performance.total_return)
                if name in story.books
                else MISSING
                for name in _HEADS
            ],
            number(own.performance.sharpe) if own else MISSING,
            percent(own.performance.max_drawdown) if own else MISSING,
        )
    return table


def final_words(report_path: str | Path, next_steps: Sequence[str]) -> Text:
    """Where the report lies, as a link, and what to type next.

    Print it with ``soft_wrap=True``, so that a long path stays in one piece.
    """
    path = Path(report_path).absolute()
    text = Text.assemble(
        ("Report  ", "bold"), (plain(str(path)), Style(underline=True, link=path.as_uri()))
    )
    for position, step in enumerate(next_steps):
        text.append("\nNext    " if position == 0 else "\n        ", style="bold")
        text.append(plain(step))
    return text
