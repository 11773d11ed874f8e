"""The report: one HTML file that needs nothing else, on screen, on paper, on a phone."""

import base64
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.report import wording
from edgekeeper.report.calibration import CalibrationPicture, calibration_picture, knowing_nothing
from edgekeeper.report.charts import GLYPHS, Chart
from edgekeeper.report.evidence_paths import evidence_chart, harm_chart, least_evidence
from edgekeeper.report.money import drawdown_chart, equity_chart, exposure_chart
from edgekeeper.report.months import YearRow, month_table
from edgekeeper.report.run_conditions import CONDITION_HEADS, condition_row, told_conditions
from edgekeeper.report.standing import ACCOUNTS, Standing, standing
from edgekeeper.report.story import LineStory, Mark, Story

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["page_environment", "render_report"]

_MARKS_SHOWN = 200
_FEATURES_SHOWN = 15
_TOLD_SHOWN = 30


@dataclass(frozen=True, slots=True)
class _LineView:
    """A line with its pictures; figures are logarithms of wealth."""

    line: LineStory
    evidence: Chart | None
    harm: Chart | None
    least: float
    needed: float
    glyph: str


@dataclass(frozen=True, slots=True)
class _MarketView:
    """A story with everything that had to be computed for it."""

    story: Story
    anchor: str
    standing: Standing
    equity: Chart | None
    drawdown: Chart | None
    exposure: Chart | None
    lines: Sequence[_LineView]
    marks: Sequence[Mark]
    marks_left_out: int
    months: Sequence[YearRow]
    calibration: CalibrationPicture | None
    reasons: Sequence[tuple[str, int]]
    features: Sequence[tuple[str, float]]
    only_rules: bool
    tested: int
    told: Sequence[tuple[str, ...]]


def _line_view(line: LineStory) -> _LineView:
    least = least_evidence(line)
    words = line.verdict.lower()
    kinds = ("promoted", "▲"), ("retreated", "▼"), ("refused", "✕")
    return _LineView(
        line=line,
        evidence=evidence_chart(line),
        harm=harm_chart(line),
        least=float(least[-1]) if len(least) else float("nan"),
        needed=float(line.log_threshold[-1]) if len(line.log_threshold) else float("nan"),
        glyph=next((glyph for word, glyph in kinds if words.startswith(word)), "○"),
    )


def _market_view(story: Story, position: int) -> _MarketView:
    marks = sorted(story.marks, key=lambda mark: mark.time_ns)
    shown = marks[-_MARKS_SHOWN:]
    return _MarketView(
        story=story,
        anchor=f"market-{position}",
        standing=standing(story),
        equity=equity_chart(story),
        drawdown=drawdown_chart(story),
        exposure=exposure_chart(story),
        lines=[_line_view(line) for line in story.lines],
        marks=shown,
        marks_left_out=len(marks) - len(shown),
        months=month_table(story.monthly),
        calibration=calibration_picture(story.reliability),
        reasons=sorted(story.reasons.items(), key=lambda item: (-item[1], item[0])),
        features=list(story.feature_importance)[:_FEATURES_SHOWN],
        only_rules=_only_rules(story),
        tested=sum(isfinite(p.p_below) for parts in story.conditions.values() for p in parts),
        told=[condition_row(*one) for one in told_conditions(story.conditions)[:_TOLD_SHOWN]],
    )


def _only_rules(story: Story) -> bool:
    """Whether Edgekeeper's account is the rules' to the last bar: no model ever traded."""
    own, rules = story.books.get("edgekeeper"), story.books.get("rules")
    if own is None or rules is None or len(own.equity) == 0:
        return False
    return bool(np.array_equal(own.equity, rules.equity))


@functools.cache
def page_environment() -> "Environment":
    """Templates with escaping always on; whatever is printed loses its control characters."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    def clean(value: object) -> object:
        return wording.plain(value) if type(value) is str else value

    environment = Environment(
        loader=PackageLoader("edgekeeper.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=clean,
    )
    for name in ("count", "day", "duration", "number", "percent", "signed", "wealth"):
        environment.filters[name] = getattr(wording, name)
    environment.globals.update(ACCOUNTS=ACCOUNTS, GLYPHS=GLYPHS, knowing_nothing=knowing_nothing)
    return environment


def render_report(stories: Sequence[Story], *, title: str, generated_from: str) -> str:
    """Return the report as one HTML document.

    The document asks for nothing from outside and says so in its content policy, which also lets
    no script run but its own; story text is escaped. Without scripts everything can be read.

    Parameters
    ----------
    stories : sequence of Story
        One a market, at least one; several get a summary first.
    title : str
    generated_from : str
        What was run, such as the command line.

    Raises
    ------
    UsageError
        No story.
    BadData
        Series of unequal lengths.
    """
    if not stories:
        raise UsageError("report: expected at least one market's story, got none: run one first")
    environment = page_environment()
    script = environment.get_template("hover.js").render().strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("report.html.j2").render(
        title=title,
        generated_from=generated_from,
        markets=[_market_view(story, position) for position, story in enumerate(stories, 1)],
        condition_heads=CONDITION_HEADS,
        script=script,
        script_hash=f"sha256-{digest}",
    )
