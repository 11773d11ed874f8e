import json
import math
from dataclasses import replace

import numpy as np

from edgekeeper.report.evidence_paths import evidence_chart, harm_chart, least_evidence


def test_the_weakest_decides_and_a_missing_one_is_missing(make_story):
    line = replace(
        make_story(bars=50).lines[0],
        log_cash=np.array([1.0, 2.0, 3.0]),
        log_exposure=np.array([0.0, math.nan, 5.0]),
        log_incumbent=np.array([4.0, 4.0, -math.inf]),
    )
    np.testing.assert_array_equal(least_evidence(line), [0.0, math.nan, -math.inf])


def test_a_ruined_bet_stays_inside_the_picture(make_story):
    line = make_story(bars=50).lines[0]
    ruined = np.full(len(line.time_ns), -math.inf)
    chart = evidence_chart(replace(line, log_cash=ruined))
    table = {name: values for name, _, values in json.loads(chart.hover)["s"]}
    assert table["Against cash"][-1] == table["Weakest of the three"][-1] == "under 0.0001"
    assert "stands at under 0.0001, needed 20.0" in chart.label


def test_harm_is_drawn_only_where_the_line_traded(make_story):
    traded, refused = make_story(bars=500).lines
    assert harm_chart(refused) is None
    chart = harm_chart(traded)
    harm = next(values for name, _, values in json.loads(chart.hover)["s"] if name == "Harm")
    assert harm[0] == "—"
    assert harm[-1] != "—"


def test_a_line_without_bars_has_no_evidence_to_draw(make_story):
    nothing = np.empty(0)
    line = replace(
        make_story(bars=50).lines[0], time_ns=np.empty(0, dtype=np.int64), log_cash=nothing,
        log_exposure=nothing, log_incumbent=nothing, log_threshold=nothing, harm=nothing,
    )  # fmt: skip
    assert evidence_chart(line) is None
    assert harm_chart(line) is None
