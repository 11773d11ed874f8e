"""Pictures of a back-test: money at once and twice the costs, the falls, the walk forward."""

import numpy as np

from edgekeeper.report.axis import percent_ticks, share_ticks
from edgekeeper.report.backtest_story import Stretch, WalkForwardStory
from edgekeeper.report.charts import Chart, Series, line_chart
from edgekeeper.report.wording import percent, signed
from edgekeeper.stats.performance import drawdowns
from edgekeeper.types import Float64Array

__all__ = ["equity_of", "exposure_of", "falls_of", "walk_of"]

_DRAWN = (
    ("model", "Model", "edgekeeper"),
    ("double_cost", "at twice the costs", "always_newest"),
    ("rules", "Rules alone", "rules"),
    ("with_impact", "with market impact", "buy_and_hold"),
)


def _growth(equity: Float64Array) -> Float64Array:
    return np.asarray(equity / equity[0] - 1.0, dtype=np.float64)


def equity_of(stretch: Stretch) -> Chart | None:
    """Growth of the account beside what it would be at other costs, and beside the rules."""
    return line_chart(
        stretch.time_ns,
        [Series(label, css, _growth(stretch.equity[name]), signed) for name, label, css in _DRAWN],
        ticks=percent_ticks,
        label="Growth of the account, at once and twice the costs, with impact, and of the rules",
        height_px=300,
    )


def falls_of(stretch: Stretch) -> Chart | None:
    """How far the account stood below its highest point."""
    falls = -drawdowns(stretch.equity["model"])
    return line_chart(
        stretch.time_ns,
        [Series("Model", "edgekeeper", falls, signed, area=True)],
        ticks=lambda low, high: percent_ticks(low, high, 3),
        label="Fall from the highest point so far",
        height_px=120,
    )


def exposure_of(stretch: Stretch) -> Chart | None:
    """Gross exposure as a share of equity."""
    return line_chart(
        stretch.time_ns,
        [Series("Exposure", "edgekeeper thin", stretch.exposure, percent, area=True)],
        ticks=lambda low, high: share_ticks(low, high, 3),
        label="Gross exposure as a share of equity",
        height_px=100,
    )


def walk_of(story: WalkForwardStory) -> Chart | None:
    """Growth over all test windows, tuned before each and not tuned at all."""
    return line_chart(
        story.time_ns,
        [
            Series("Tuned on the past", "edgekeeper", _growth(story.equity), signed),
            Series("Not tuned", "rules", _growth(story.untuned_equity), signed),
        ],
        ticks=percent_ticks,
        label="Growth over all test windows, tuned on the bars before each, and not tuned",
        height_px=240,
    )
