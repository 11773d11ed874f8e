"""The pace of evidence on made wealth paths: dates that come true, and worlds that never arrive."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.stats.evidence_pace import LEAST_BARS, evidence_pace
from edgekeeper.stats.plan import plan_proof

NEEDED = math.log(20.0)


def bet(sharpe, bars, rng, memory=0.0):
    """Growth of the log wealth of a bet of 1/20 on returns of unit volatility, daily bars."""
    noise = rng.standard_normal(bars + 200)
    for t in range(1, len(noise)):
        noise[t] = memory * noise[t - 1] + math.sqrt(1.0 - memory**2) * noise[t]
    return np.log1p((sharpe / math.sqrt(252.0) + noise[200:]) / 20.0)


def three(column):
    return np.stack([column, column, column + 1e-3], axis=1)


def test_a_long_past_gives_the_law_of_first_passage():
    pace = evidence_pace(three(bet(4.0, 12_000, np.random.default_rng(0))), np.zeros(3), NEEDED)
    plan = plan_proof(4.0)
    assert pace.expected == pytest.approx(plan.median_years * 252, rel=0.2)
    assert pace.earliest < pace.expected < pace.latest < math.inf
    assert pace.growth_low < pace.growth < pace.growth_high
    assert pace.arriving == 1.0


@pytest.mark.parametrize("memory", [0.0, 0.5])
def test_the_interval_holds_what_comes(memory):
    """Of paths that go on as they began, about four in five arrive within their 80 % interval."""
    inside, worlds = 0, 50
    for seed in range(worlds):
        rng = np.random.default_rng(seed)
        path = bet(5.0, 6_000, rng, memory)
        begun, later = path[:250], np.cumsum(path[250:])
        now = np.zeros(3)
        pace = evidence_pace(three(begun), now, NEEDED, repetitions=200, ahead=5_000)
        there = np.flatnonzero(later >= NEEDED)
        arrived = there[0] + 1 if len(there) else math.inf
        inside += pace.earliest <= arrived <= pace.latest
    assert 0.65 <= inside / worlds <= 0.95


def test_what_does_not_grow_never_arrives():
    rng = np.random.default_rng(3)
    pace = evidence_pace(three(bet(-1.0, 500, rng)), np.zeros(3), NEEDED, ahead=1_000)
    assert pace.expected == math.inf
    assert pace.arriving < 0.2
    assert pace.growth < 0.0
    assert pace.known
    assert not pace.reached


def test_noise_is_seldom_promised_a_date():
    promised = sum(
        math.isfinite(
            evidence_pace(
                three(bet(0.0, 500, np.random.default_rng(seed))), np.zeros(3), NEEDED,
                ahead=1_000, repetitions=100,
            ).expected
        )
        for seed in range(20)
    )  # fmt: skip
    assert promised <= 4


def test_all_bets_have_to_be_there_at_once():
    up = np.tile([[0.02, -0.01], [-0.01, 0.02]], (50, 1))
    pace = evidence_pace(up, np.zeros(2), 1.0)
    assert pace.expected >= 200.0
    one = evidence_pace(np.column_stack([np.full(100, 0.1), np.zeros(100)]), np.zeros(2), 1.0)
    assert (one.weakest, one.expected, one.arriving) == (0, math.inf, 0.0)


def test_states_without_a_pace():
    moves = np.full((100, 3), 0.01)
    there = evidence_pace(moves, np.full(3, 4.0), NEEDED)
    assert there.reached
    assert (there.expected, there.arriving) == (0.0, 1.0)
    young = evidence_pace(moves[: LEAST_BARS - 1], np.zeros(3), NEEDED)
    assert not young.known
    assert math.isnan(young.expected)
    assert math.isnan(young.growth)
    ruined = evidence_pace(moves, np.array([1.0, -math.inf, 1.0]), NEEDED)
    assert (ruined.weakest, ruined.log_now, ruined.expected) == (1, -math.inf, math.inf)
    assert evidence_pace(moves, np.zeros(3), math.inf).expected == math.inf
    assert evidence_pace(moves, np.zeros(3), NEEDED, ahead=0).expected == math.inf
    assert evidence_pace(moves, np.zeros(3), NEEDED, ahead=299).expected == math.inf
    assert evidence_pace(moves, np.zeros(3), NEEDED, ahead=300).expected == 300.0


@given(st.integers(0, 10_000), st.floats(0.5, 3.0), st.floats(0.1, 3.0))
@settings(max_examples=8)
def test_more_to_prove_takes_longer(seed, near, further):
    moves = three(bet(5.0, 120, np.random.default_rng(seed)))
    first = evidence_pace(moves, np.zeros(3), near, repetitions=100, ahead=800)
    second = evidence_pace(moves, np.zeros(3), near + further, repetitions=100, ahead=800)
    assert first.expected <= second.expected
    assert first.arriving >= second.arriving
    assert first == evidence_pace(moves, np.zeros(3), near, repetitions=100, ahead=800)


def test_what_cannot_be_read_is_refused():
    moves = np.full((50, 3), 0.01)
    broken = moves.copy()
    broken[7, 1] = math.nan
    cases = [
        (broken, np.zeros(3)),
        (moves, np.zeros(2)),
        (moves[:, 0], np.zeros(1)),
        (moves, np.array([0.0, math.nan, 0.0])),
        (moves[:, :0], np.zeros(0)),
    ]
    for bad, now in cases:
        with pytest.raises(BadData):
            evidence_pace(bad, now, NEEDED)
    with pytest.raises(UsageError):
        evidence_pace(moves, np.zeros(3), NEEDED, ahead=-1)
    with pytest.raises(UsageError):
        evidence_pace(moves, np.zeros(3), NEEDED, repetitions=10)


def test_a_far_horizon_is_walked_in_strides():
    """Bars of a minute have horizons of hundreds of thousands: the answer is the same, and soon."""
    moves = three(bet(4.0, 4_000, np.random.default_rng(7)))
    near = evidence_pace(moves, np.zeros(3), NEEDED, ahead=5_000)
    far = evidence_pace(moves, np.zeros(3), NEEDED, ahead=100_000)
    assert far.expected == pytest.approx(near.expected, rel=0.2)
    assert far.growth == pytest.approx(near.growth, rel=0.05)
    assert far.expected % 20 == 0
    assert not evidence_pace(moves[:700], np.zeros(3), NEEDED, ahead=100_000).known
