"""Signals dealt by lot: false alarms within budget at every look, and differences that are seen."""

import math

import numpy as np
import pytest

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.dealt_groups import dealing_evidence, redealt_p_value

SHARES = np.repeat([0.10, 0.25, 0.50], 40)


def outcomes(rng):
    """Heavy-tailed, dependent, most signals untraded: nothing a test of means could rest on."""
    common = np.repeat(rng.standard_t(3, 30), 4)
    return np.where(rng.random(120) < 0.4, rng.standard_t(3, 120) + common, 0.0)


def test_it_seldom_errs_however_often_one_looks():
    over = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        gain, mine = outcomes(rng), rng.random(120) < SHARES
        looks = range(10, 121, 10)
        over += any(
            dealing_evidence(gain[:n], mine[:n], SHARES[:n]).log_better >= math.log(10.0)
            for n in looks
        )
    assert over / 200 <= 0.10


def test_the_lot_alone_gives_its_level():
    values = [
        redealt_p_value(
            outcomes(rng := np.random.default_rng(seed)), rng.random(120) < SHARES, SHARES,
            repetitions=200, seed=10_000 + seed,
        )
        for seed in range(200)
    ]  # fmt: skip
    for level in (0.05, 0.2, 0.5):
        share = np.mean(np.array(values) <= level)
        assert abs(share - level) < 3.5 * math.sqrt(level * (1 - level) / 200)


def test_a_better_challenger_is_seen_and_a_worse_one_too():
    rng = np.random.default_rng(5)
    share = np.full(400, 0.5)
    mine = rng.random(400) < share
    gain = rng.standard_normal(400) + np.where(mine, 0.8, -0.2)
    found = dealing_evidence(gain, mine, share)
    assert found.log_better > math.log(20.0)
    assert found.log_worse < 0.0
    turned = dealing_evidence(-gain, mine, share)
    assert turned.log_worse == pytest.approx(found.log_better)
    assert redealt_p_value(gain, mine, share) < 0.01


def test_the_unit_of_money_changes_nothing():
    rng = np.random.default_rng(6)
    gain, mine = outcomes(rng), rng.random(120) < SHARES
    assert dealing_evidence(1e6 * gain, mine, SHARES).log_better == pytest.approx(
        dealing_evidence(gain, mine, SHARES).log_better
    )


def test_nothing_traded_says_nothing():
    nothing = np.zeros(5)
    found = dealing_evidence(nothing, nothing > 0, np.full(5, 0.5))
    assert (found.log_better, found.log_worse) == (pytest.approx(0.0), pytest.approx(0.0))
    assert math.isnan(redealt_p_value(nothing, nothing > 0, np.full(5, 0.5)))
    empty = np.empty(0)
    assert dealing_evidence(empty, empty > 0, empty).log_better == pytest.approx(0.0)


def test_what_cannot_be_read_is_refused():
    gain, mine = np.ones(3), np.array([True, False, True])
    for share in (np.full(2, 0.5), np.array([0.5, 1.0, 0.5]), np.array([0.5, math.nan, 0.5])):
        with pytest.raises(BadData):
            dealing_evidence(gain, mine, share)
    with pytest.raises(BadData):
        redealt_p_value(np.array([1.0, math.nan, 0.0]), mine, np.full(3, 0.5))
    with pytest.raises(UsageError):
        redealt_p_value(gain, mine, np.full(3, 0.5), repetitions=1)
