import json
import math
import re

import numpy as np
import pytest

from edgekeeper.errors import BadData
from edgekeeper.report.axis import percent_ticks
from edgekeeper.report.charts import Series, line_chart
from edgekeeper.report.wording import signed

DAY_NS = 86_400 * 10**9


def draw(values, *, times=None, area=False, **options):
    values = np.asarray(values, dtype=np.float64)
    times = np.arange(len(values), dtype=np.int64) * DAY_NS if times is None else times
    return line_chart(
        times, [Series("A", "a", values, signed, area)], ticks=percent_ticks, label="a chart",
        height_px=100, **options,
    )  # fmt: skip


def points(path):
    return [tuple(map(int, pair)) for pair in re.findall(r"(-?\d+),(-?\d+)", path)]


def test_a_line_fills_its_box_and_puts_high_values_high():
    path = points(draw([0.0, 1.0, 0.5]).curves[0].path)
    assert [x for x, _ in path] == [0, 1000, 2000]
    bottom, top, middle = (y for _, y in path)
    assert 0 <= top < middle < bottom <= 1000


def test_a_gap_is_not_bridged():
    path = draw([0.0, 1.0, math.nan, math.nan, 1.0, 0.0]).curves[0].path
    assert path.count("M") == 2
    assert len(points(path)) == 4


def test_infinite_values_stop_at_the_edge():
    path = points(draw([0.0, -math.inf, math.inf, 1.0]).curves[0].path)
    assert all(0 <= y <= 1000 for _, y in path)
    assert path[1][1] == 1000 or path[1][1] > path[0][1]


@pytest.mark.parametrize("values", [[], [1.0], [math.nan] * 5])
def test_nothing_to_draw_is_no_chart(values):
    assert draw(values) is None


def test_a_constant_is_a_flat_line():
    assert len({y for _, y in points(draw([0.2] * 4, include=()).curves[0].path)}) == 1


def test_an_area_closes_on_zero():
    curve = draw([-0.1, -0.3, -0.2], area=True).curves[0]
    assert curve.area.endswith("Z")
    assert points(curve.area)[0][1] == points(curve.area)[-1][1] == 0


def test_the_hover_table_gives_exact_values_and_dashes():
    table = json.loads(draw([0.0, math.nan, 0.25]).hover)
    assert table["t"] == ["1970-01-01", "1970-01-02", "1970-01-03"]
    assert table["s"] == [["A", "a", ["0.0%", "—", "+25.0%"]]]
    assert table["x"] == [0, 1000, 2000]


def test_intraday_hovers_show_the_time_of_day():
    times = np.arange(10, dtype=np.int64) * 5 * 60 * 10**9
    assert json.loads(draw(np.arange(10.0), times=times).hover)["t"][1] == "1970-01-01 00:05"


def test_pins_outside_the_span_are_left_out():
    chart = draw([0, 1, 2], pins=[(DAY_NS, "promotion", "in"), (-DAY_NS, "retreat", "out")])
    assert [(pin.left, pin.text) for pin in chart.pins] == [(50.0, "in")]


def test_unequal_lengths_are_refused_by_name():
    with pytest.raises(BadData, match=r"expected 3 values in 'A'.*got 2"):
        draw([1.0, 2.0], times=np.arange(3, dtype=np.int64))


def test_a_million_points_stay_small():
    rng = np.random.default_rng(0)
    minutes = np.arange(1_000_000, dtype=np.int64) * 60 * 10**9
    chart = draw(np.cumsum(rng.normal(size=1_000_000)), times=minutes)
    assert len(chart.curves[0].path) < 16_000
    assert len(chart.hover) < 12_000
