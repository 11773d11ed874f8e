import math
from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.report.calibration import calibration_picture, knowing_nothing
from edgekeeper.stats.calibration import Reliability
from edgekeeper.stats.scores import score_probabilities


def table(stated, observed, low, high):
    columns = [np.asarray(column, dtype=np.float64) for column in (stated, observed, low, high)]
    n = len(stated)
    return Reliability(*columns, effective=np.full(n, 50.0), weight=np.full(n, 1 / n))


def test_dots_on_the_diagonal_are_as_far_across_as_up():
    picture = calibration_picture(table([0.4, 0.6], [0.4, 0.6], [0.3, 0.5], [0.5, 0.7]))
    for dot in picture.dots:
        assert dot.left == pytest.approx(100.0 - dot.top)
        assert dot.honest
    assert picture.sentence.startswith("In all of 2 groups")


def test_a_bin_outside_its_band_is_said_and_marked():
    picture = calibration_picture(table([0.4, 0.8], [0.4, 0.6], [0.3, 0.5], [0.5, 0.7]))
    assert [dot.honest for dot in picture.dots] == [True, False]
    assert picture.sentence.startswith("In 1 of 2 groups")


def test_missing_bins_are_left_out_not_drawn_at_zero():
    picture = calibration_picture(table([0.4, math.nan], [0.4, 0.6], [0.3, 0.5], [0.5, 0.7]))
    assert len(picture.dots) == 1
    assert calibration_picture(table([math.nan], [0.5], [0.4], [0.6])) is None
    assert calibration_picture(None) is None


def test_knowing_nothing_scores_like_stating_the_base_rate():
    outcome = np.arange(100) < 30
    scores = score_probabilities(outcome, np.full(100, 0.3))
    assert knowing_nothing(scores) == pytest.approx((scores.brier, scores.log_loss))
    assert all(math.isnan(v) for v in knowing_nothing(replace(scores, base_rate=math.nan)))
