"""Pictures of money over time: equity of the four accounts, the falls, the exposure."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from edgekeeper.report.axis import Tick, growth_ticks, percent_ticks, share_ticks
from edgekeeper.report.charts import Chart, Series, line_chart
from edgekeeper.report.standing import ACCOUNTS
from edgekeeper.report.story import BookStory, Story
from edgekeeper.report.wording import percent, signed
from edgekeeper.stats.performance import drawdowns
from edgekeeper.types import Float64Array

__all__ = ["drawdown_chart", "equity_chart", "exposure_chart"]

_LOG_FLOOR = math.log(0.02)


def _growth(book: BookStory) -> Float64Array:
    """Equity as a multiple of what the account began with; all missing if that is unusable."""
    start = book.equity[0] if len(book.equity) else math.nan
    if not start > 0.0:
        return np.full(len(book.equity), np.nan)
    return np.asarray(book.equity / start, dtype=np.float64)


def _drawn(story: Story) -> list[tuple[str, BookStory]]:
    """The accounts that kept a book, Edgekeeper first."""
    return [(name, story.books[name]) for name in ACCOUNTS if name in story.books]


def equity_chart(story: Story) -> Chart | None:
    """All accounts from the same start, on a logarithmic scale unless one reached zero."""
    growth = {name: _growth(book) for name, book in _drawn(story)}
    logarithmic = all(not bool((g <= 0.0).any()) for g in growth.values())
    ticks: Callable[[float, float], list[Tick]] = growth_ticks if logarithmic else percent_ticks
    series = [
        Series(
            ACCOUNTS[name].label,
            name,
            np.log(g) if logarithmic else g - 1.0,
            (lambda v: signed(math.expm1(v))) if logarithmic else signed,
            # Without a champion Edgekeeper is the rules: their thin dashes stay visible on top.
            layer=1 if name == "rules" else 0,
        )
        for name, g in growth.items()
    ]
    return line_chart(
        story.time_ns,
        series,
        ticks=ticks,
        label=f"Equity of {_listed([s.name for s in series])}. " + _endings(story),
        height_px=340,
        limits=(_LOG_FLOOR if logarithmic else -math.inf, math.inf),
        pins=[(mark.time_ns, mark.kind, mark.text) for mark in story.marks],
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + "".join(names[-1:])


def _endings(story: Story) -> str:
    ends = [
        f"{account.label} {signed(story.books[name].performance.total_return)}"
        for name, account in ACCOUNTS.items()
        if name in story.books
    ]
    return f"At the end: {', '.join(ends)}."


def drawdown_chart(story: Story) -> Chart | None:
    """How far each of the two rivals stood below its highest point."""
    series = [
        Series(
            ACCOUNTS[name].label,
            name,
            -drawdowns(book.equity) if len(book.equity) else book.equity,
            signed,
            area=name == "edgekeeper",
        )
        for name, book in _drawn(story)
        if name in ("edgekeeper", "always_newest")
    ]
    return line_chart(
        story.time_ns,
        series,
        ticks=lambda low, high: percent_ticks(low, high, 3),
        label="Fall from the highest point so far, Edgekeeper and always-newest",
        height_px=130,
    )


def exposure_chart(story: Story) -> Chart | None:
    """Gross exposure as a fraction of equity."""
    series = [Series("Exposure", "edgekeeper thin", story.exposure, percent, area=True)]
    return line_chart(
        story.time_ns,
        series,
        ticks=lambda low, high: share_ticks(low, high, 3),
        label="Edgekeeper's gross exposure as a share of its equity",
        height_px=100,
    )
