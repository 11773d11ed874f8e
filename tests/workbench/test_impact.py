import math

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.workbench.impact import ImpactRule, capacity


def test_four_times_the_share_costs_twice_by_the_root_and_four_times_by_the_line():
    share, volatility = np.array([0.01, 0.04]), np.array([0.02, 0.02])
    root, line = ImpactRule("square-root", 0.5), ImpactRule("linear", 0.5)
    np.testing.assert_allclose(root.of(share, volatility), [0.001, 0.002])
    np.testing.assert_allclose(line.of(share, volatility), [0.0001, 0.0004])


def test_the_length_of_a_bar_cancels_out_of_the_root():
    """An hour of a day of eight: an eighth of its volume, the root of an eighth of its spread."""
    day = ImpactRule().of(np.array([0.01]), np.array([0.02]))
    hour = ImpactRule().of(np.array([0.08]), np.array([0.02 / math.sqrt(8.0)]))
    np.testing.assert_allclose(day, hour)


def test_unknown_volume_has_no_known_impact():
    assert np.isnan(ImpactRule().of(np.array([np.nan, 0.1]), np.array([0.02, np.nan]))).all()


@pytest.mark.parametrize(("shape", "expected"), [("square-root", 9e5), ("linear", 3e5)])
def test_capacity_is_where_impact_takes_the_gain(shape, expected):
    rule = ImpactRule(shape)
    found, bound = capacity(1e5, 0.003, 0.001, 0.001, rule)
    assert found == pytest.approx(expected)
    assert bound == "impact"
    times = found / 1e5
    assert 0.001 * times**rule.power == pytest.approx(0.003)


def test_capacity_without_gain_or_without_volume():
    assert capacity(1e5, -0.001, 0.001, 0.1, ImpactRule()) == (0.0, "nothing was earned")
    assert capacity(1e5, math.nan, 0.001, 0.1, ImpactRule())[0] == 0.0
    unknown, why = capacity(1e5, 0.001, 0.0, math.nan, ImpactRule())
    assert math.isnan(unknown)
    assert "volume unknown" in why
    assert capacity(1e5, 1.0, 1e-6, 0.25, ImpactRule()) == (4e5, "volume")


@pytest.mark.parametrize(
    ("shape", "coefficient"),
    [("cubic", 1.0), ("", 1.0), ("linear", -1.0), ("linear", math.nan), ("linear", math.inf)],
)
def test_rules_that_are_none(shape, coefficient):
    with pytest.raises(UsageError, match="impact"):
        ImpactRule(shape, coefficient)
