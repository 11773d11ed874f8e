"""Rates over made markets, from lines written by hand."""

import math
import xml.etree.ElementTree as ET

import pytest

from edgekeeper.report.world_picture import world_picture
from edgekeeper.report.world_rates import world_rates


def row(*moves, kind="noise", registered=500, held=0, sharpe=1.0):
    line = {
        "registered": registered,
        "sharpe": sharpe,
        "threshold": 2.996,
        "logs": {"cash": [0.1, 1.0, 3.5], "exposure": [0.2, 2.0, 3.1], "incumbent": [0, None, 4]},
    }
    return {
        "kind": kind,
        "bars": 2_500,
        "moves": [list(move) for move in moves],
        "lines": {"a": line},
        "books": {},
        "held": held,
        "trials": 10,
        "effective_trials": 4.0,
        "seconds": 3.0,
    }


def test_a_promotion_in_noise_is_a_false_one():
    rates = world_rates([row(), row(), row((900, "a", "promoted")), row((2000, "a", "refused"))])
    assert (rates.markets, rates.promoted, rates.false_promotion_rate) == (4, 1, 0.25)
    assert rates.power is None
    low, high = rates.interval
    assert 0.0 < low < 0.25 < high < 1.0
    assert rates.sentence.startswith("1 of 4 markets without an edge promoted anything")


def test_promotions_of_lines_that_learn_online_are_counted_apart():
    learned = row((900, "a", "promoted"))
    rows = [row() | {"online": row()}, row() | {"online": learned}]
    rates = world_rates(rows)
    assert (rates.promoted, rates.false_promotion_rate) == (0, 0.0)
    assert (rates.online.promoted, rates.online.false_promotion_rate) == (1, 0.5)
    assert rates.online.wait_bars == 400
    assert "With online learning: 1 of 2 markets without an edge promoted" in rates.sentence
    assert world_rates([row(), rows[0]]).online is None, "not of all markets"


def test_power_counts_promotions_within_four_years_of_registration():
    rows = [
        row((900, "a", "promoted"), kind="planted", sharpe=2.0),
        row((500 + 1_008, "a", "promoted"), kind="planted", sharpe=1.0),
        row((500 + 1_009, "a", "promoted"), kind="planted", sharpe=0.0),
        row(kind="planted", sharpe=None),
    ]
    rates = world_rates(rows)
    assert (rates.promoted, rates.power, rates.wait_bars) == (3, 0.5, 1_008)
    assert rates.false_promotion_rate is None
    assert rates.book_sharpe == {"a": 1.0}


def test_retreats_are_counted_from_the_flip_for_whoever_traded_then():
    rows = [
        row((900, "a", "promoted"), (1_600, "a", "retreated"), kind="flip"),
        row((900, "a", "promoted"), (1_700, "a", "stood down"), kind="flip"),
        row((900, "a", "promoted"), kind="flip"),
        row((900, "a", "promoted"), (1_200, "a", "retreated"), kind="flip"),
        row(kind="flip"),
    ]
    rates = world_rates(rows)
    assert (rates.held_at_flip, rates.retreat_bars) == (3, 200)
    assert "half retreated within 200 bars" in rates.sentence
    assert math.isinf(world_rates([rows[2]]).retreat_bars)
    assert world_rates([rows[4]]).retreat_bars is None


def test_the_picture_is_one_svg_with_a_path_for_each_line():
    rows = [row(), row((900, "a", "promoted"))]
    picture = ET.fromstring(world_picture(rows, "1 of 2 & more"))
    space = "{http://www.w3.org/2000/svg}"
    paths = picture.findall(f"{space}polyline")
    assert [path.get("class") for path in paths] == ["path", "path won"]
    assert all(len(path.get("points").split()) == 3 for path in paths)
    assert picture.find(f"{space}title").text == "1 of 2 & more"


@pytest.mark.parametrize("rows", [[{**row(), "lines": {}}]])
def test_markets_without_a_line_have_a_picture_too(rows):
    ET.fromstring(world_picture(rows, "nothing"))
    assert world_rates(rows).book_sharpe == {}
