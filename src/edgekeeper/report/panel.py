"""One market on the live screen: progress, four accounts with their curves, lines, newest event."""

import math
from collections.abc import Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from edgekeeper.report.snapshot import Snapshot
from edgekeeper.report.sparkline import sparkline
from edgekeeper.report.standing import ACCOUNTS
from edgekeeper.report.story import Story
from edgekeeper.report.verdicts import ACCOUNT_STYLES, verdict
from edgekeeper.report.wording import day, percent, plain, signed

__all__ = ["MarketPanel"]

_COLUMNS = 48
_INDENT = (0, 0, 0, 2)


class MarketPanel:
    """What the screen remembers of one market: its newest snapshot and a few columns of curve."""

    def __init__(self, title: str) -> None:
        self.title = title
        self._newest: Snapshot | None = None
        self._story: Story | None = None
        self._began_seconds = math.nan
        self._ended_seconds = math.nan
        self._curves = {name: [math.nan] * _COLUMNS for name in ACCOUNTS}

    @property
    def waiting(self) -> bool:
        """Whether nothing has come yet."""
        return self._newest is None and self._story is None

    @property
    def share(self) -> float:
        """Share of the bars done, 0 while unknown."""
        newest = self._newest
        return newest.done / newest.total if newest is not None and newest.total > 0 else 0.0

    def update(self, snapshot: Snapshot, now_seconds: float) -> None:
        """Keep the newest state; the curves keep the last value within each column."""
        if self._newest is None:
            self._began_seconds = now_seconds
        self._newest = snapshot
        column = min(_COLUMNS - 1, max(0, int(self.share * _COLUMNS)))
        for name, curve in self._curves.items():
            curve[column] = snapshot.equities.get(name, math.nan)

    def finish(self, story: Story, now_seconds: float) -> None:
        """Keep the verdict, which replaces the progress."""
        self._story, self._ended_seconds = story, now_seconds

    def rows(self, now_seconds: float) -> list[RenderableType]:
        """The panel as rows; none while the market waits."""
        if self._story is not None:
            return [verdict(self._story, self._ended_seconds - self._began_seconds)]
        newest = self._newest
        if newest is None:
            return []
        rows: list[RenderableType] = [
            Text(self.title, style="bold"),
            _progress(newest, now_seconds - self._began_seconds),
            _accounts(newest, {name: _logarithms(curve) for name, curve in self._curves.items()}),
            _tally(newest),
        ]
        if newest.event:
            rows.append(Padding(Text(plain(newest.event)), _INDENT))
        return rows


def _progress(snapshot: Snapshot, elapsed_seconds: float) -> RenderableType:
    row = Table.grid(padding=(0, 2), expand=True)
    row.add_column(ratio=1)
    for _ in range(3):
        row.add_column(justify="right", no_wrap=True)
    minutes, seconds = divmod(int(elapsed_seconds), 60)
    total = max(snapshot.total, 1)
    row.add_row(
        ProgressBar(total=total, completed=snapshot.done, complete_style="bright_blue"),
        percent(snapshot.done / total, 0),
        day(snapshot.time_ns),
        Text(f"{minutes}:{seconds:02d}", style="dim"),
    )
    return Padding(row, _INDENT)


def _accounts(snapshot: Snapshot, curves: dict[str, list[float]]) -> RenderableType:
    """Name, growth so far and a small curve of each account, all on one scale."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(justify="right", min_width=8, no_wrap=True)
    grid.add_column(no_wrap=True)
    seen = [v for curve in curves.values() for v in curve if math.isfinite(v)]
    low, high = min(seen, default=0.0), max(seen, default=0.0)
    for name, account in ACCOUNTS.items():
        style = ACCOUNT_STYLES[name]
        growth = snapshot.equities.get(name, math.nan)
        grid.add_row(
            Text(account.label, style=style),
            Text(signed(growth - 1.0), style="bold" if name == "edgekeeper" else ""),
            Text(sparkline(curves[name], low, high), style=style),
        )
    return Padding(grid, _INDENT)


def _logarithms(curve: Sequence[float]) -> list[float]:
    """Logarithms up to the newest column; those between two updates repeat the older one."""
    last = max((k for k, v in enumerate(curve) if math.isfinite(v)), default=-1)
    drawn, held = [], math.nan
    for value in curve[: last + 1]:
        held = value if math.isfinite(value) else held
        drawn.append(math.log(held) if held > 0.0 else math.nan)
    return drawn


def _tally(snapshot: Snapshot) -> RenderableType:
    parts = ("tried", snapshot.tried), ("refused", snapshot.refused)
    text = Text("lines: ")
    for word, times in (*parts, ("promoted", snapshot.promoted)):
        text.append(f"{times}", style="bold").append(f" {word} · ")
    text.right_crop(3)
    return Padding(text, _INDENT)
