"""A back-test as a page: one HTML file that needs nothing else."""

import base64
import hashlib

from edgekeeper.report import backtest_chart as charts
from edgekeeper.report import backtest_words as words
from edgekeeper.report.backtest_story import BacktestStory
from edgekeeper.report.html import page_environment
from edgekeeper.report.months import month_table

__all__ = ["render_backtest"]


def render_backtest(story: BacktestStory, *, generated_from: str) -> str:
    """Return the back-test as one HTML document that asks for nothing from outside."""
    environment = page_environment()
    script = environment.get_template("hover.js").render().strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    unseen, walk = story.unseen, story.walk_forward
    return environment.get_template("backtest.html.j2").render(
        generated_from=generated_from,
        story=story,
        words=words,
        months=month_table(unseen.monthly) if unseen else [],
        equity=charts.equity_of(unseen) if unseen else None,
        falls=charts.falls_of(unseen) if unseen else None,
        exposure=charts.exposure_of(unseen) if unseen else None,
        walk=charts.walk_of(walk) if walk else None,
        script=script,
        script_hash=f"sha256-{digest}",
    )
