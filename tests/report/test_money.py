import math
from dataclasses import replace

import numpy as np

from edgekeeper.report.money import drawdown_chart, equity_chart, exposure_chart


def with_equity(story, name, equity):
    book = replace(story.books[name], equity=np.asarray(equity, dtype=np.float64))
    return replace(story, books={**story.books, name: book})


def test_equity_lists_edgekeeper_first_and_keeps_the_rules_visible(make_story):
    chart = equity_chart(make_story(bars=300))
    assert next(iter(chart.curves)).css == "edgekeeper"
    assert [curve.css for curve in chart.painted] == [
        "buy_and_hold", "always_newest", "edgekeeper", "rules",
    ]  # fmt: skip
    assert {pin.kind for pin in chart.pins} == {"promotion", "retreat", "refusal", "pause", "truth"}
    assert "Edgekeeper" in chart.label


def test_doubling_and_halving_are_equally_far_on_the_log_scale(make_story):
    story = with_equity(make_story(bars=4), "edgekeeper", [100, 200, 50, 100])
    story = replace(story, books={"edgekeeper": story.books["edgekeeper"]})
    assert [curve.ending for curve in equity_chart(story).curves] == ["0.0%"]
    heights = [int(p.split(",")[1]) for p in equity_chart(story).curves[0].path[1:].split("L")]
    assert abs((heights[0] - heights[1]) - (heights[2] - heights[0])) <= 1


def test_a_wiped_out_account_switches_to_an_even_scale(make_story):
    story = with_equity(make_story(bars=5), "always_newest", [100, 50, 0, 0, 0])
    chart = equity_chart(story)
    assert next(c for c in chart.curves if c.css == "always_newest").ending == "−100.0%"


def test_missing_equity_is_a_gap_and_a_missing_start_is_no_line(make_story):
    story = with_equity(make_story(bars=5), "rules", [math.nan, 100, 101, 102, 103])
    curves = {curve.css: curve for curve in equity_chart(story).curves}
    assert curves["rules"].path == ""
    assert curves["rules"].ending == "—"
    assert curves["edgekeeper"].path


def test_no_bars_are_no_charts(empty_story):
    assert equity_chart(empty_story) is None
    assert drawdown_chart(empty_story) is None
    assert exposure_chart(empty_story) is None


def test_the_drawdown_is_what_was_lost_since_the_high(make_story):
    story = with_equity(make_story(bars=4), "edgekeeper", [100, 200, 150, 180])
    own = next(c for c in drawdown_chart(story).curves if c.css == "edgekeeper")
    assert own.ending == "−10.0%"
    assert own.area
