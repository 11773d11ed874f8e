import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData, Refused, UsageError
from edgekeeper.models.head_fitting import MINIMUM_ROWS, fit_heads, heads_for
from edgekeeper.models.heads import Heads, Outcomes
from edgekeeper.stats.conformal import coverage

from .conftest import outcomes_after

HORIZON = 10


def fit(score, outcomes, *, volatility=0.01, weight=None, **options):
    n = len(score)
    weights = np.ones(n) if weight is None else weight
    return fit_heads(score, np.full(n, volatility), outcomes, weights, horizon=HORIZON, **options)


def draw(rows=4_000, seed=0, edge=0.3):
    score = np.random.default_rng(seed).standard_normal(rows)
    return score, outcomes_after(score, edge=edge, seed=seed + 1)


@st.composite
def any_heads(draw_from):
    """Heads fitted on rows as they come: few, wild, of any sign and scale."""
    rows = draw_from(st.integers(MINIMUM_ROWS, 60))
    random = np.random.default_rng(draw_from(st.integers(0, 2**32)))
    score = draw_from(st.sampled_from([0.0, 1e-6, 1.0, 1e6])) * random.standard_normal(rows)
    net = draw_from(st.sampled_from([1e-6, 0.02, 5.0])) * random.standard_cauchy((rows, 2))
    outcomes = Outcomes(
        net, (random.random((rows, 2)) < 0.3).astype(float), random.uniform(1, HORIZON, (rows, 2))
    )
    return fit(score, outcomes, weight=random.uniform(0.05, 1.0, rows))


@settings(max_examples=80, deadline=None)
@given(any_heads(), st.floats(1e-6, 1.0), st.floats(1e-3, 1e6))
def test_forecasts_are_monotone_and_in_range(heads, volatility, spread):
    scores = heads.centre + spread * np.linspace(-1.0, 1.0, 41)
    out = heads.forecast(scores, np.full(41, volatility), np.zeros(41))
    for chance in (out.probability, out.risk):
        assert ((chance > 0.0) & (chance < 1.0)).all()
    assert ((out.bars_held >= 1.0) & (out.bars_held <= HORIZON)).all()
    assert (out.lower <= out.upper).all()
    for rising in (
        out.probability[:, 0],
        -out.probability[:, 1],
        out.expected_return[:, 0],
        -out.expected_return[:, 1],
        -out.risk[:, 0],
        out.risk[:, 1],
    ):
        assert (np.diff(rising) >= 0.0).all()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0, 1e300]),
    st.sampled_from([math.nan, 0.0, -0.01, math.inf, 0.01]),
)
def test_missing_score_or_volatility_abstains(score, volatility):
    heads = fit(*draw(200))
    out = heads.forecast(np.array([score]), np.array([volatility]), np.zeros(1))
    values = np.concatenate([np.ravel(getattr(out, f.name)) for f in dataclasses.fields(out)])
    if math.isnan(score) or not 0.0 < volatility < math.inf:
        assert np.isnan(values).all()
    else:
        assert np.isfinite(values).all()


def test_a_planted_edge_shows_in_every_head():
    score, outcomes = draw(8_000, edge=0.5)
    heads = fit(score, outcomes)
    out = heads.forecast(np.array([-2.0, 0.0, 2.0]), np.full(3, 0.01), np.zeros(3))
    assert out.probability[2, 0] > 0.6 > 0.45 > out.probability[0, 0]
    assert out.expected_return[2, 0] > 0.002 > -0.002 > out.expected_return[0, 0]
    assert out.risk[2, 0] < out.risk[1, 0] < out.risk[0, 0]
    assert out.probability[2, 0] == pytest.approx(out.probability[0, 1], abs=0.03)
    assert out.expected_return[1].tolist() == pytest.approx([-0.001, -0.001], abs=0.001)
    assert out.bars_held == pytest.approx(5.5, abs=0.4)


def test_probability_is_calibrated_on_later_rows():
    heads = fit(*draw(4_000))
    later, outcomes = draw(20_000, seed=9)
    out = heads.forecast(later, np.full(20_000, 0.01), np.zeros(20_000))
    for side in (0, 1):
        won = outcomes.net_return[:, side] > 0
        for part in np.array_split(np.argsort(out.probability[:, side]), 5):
            assert out.probability[part, side].mean() == pytest.approx(won[part].mean(), abs=0.03)


def test_a_useless_score_gives_base_rates():
    score, outcomes = draw(2_000, edge=0.0)
    out = fit(score, outcomes).forecast(np.array([-3.0, 3.0]), np.full(2, 0.01), np.zeros(2))
    assert np.ptp(out.probability, axis=0).max() < 0.2
    base = (outcomes.net_return > 0).mean(axis=0)
    assert out.probability.mean(axis=0) == pytest.approx(base, abs=0.02)


def test_a_score_that_points_the_wrong_way_gives_base_rates_exactly():
    score, outcomes = draw(2_000, edge=-1.0)
    out = fit(score, outcomes).forecast(np.linspace(-3, 3, 7), np.full(7, 0.01), np.zeros(7))
    for values in (out.probability, out.expected_return, out.risk):
        assert (values == values[0]).all()
    base = [outcomes.net_return.mean()] * 2
    assert out.expected_return[0].tolist() == pytest.approx(base, abs=1e-12)


def test_drift_of_the_calibration_rows_is_not_forecast():
    score, outcomes = draw(2_000, edge=0.5)
    drift = np.array([0.004, -0.004])
    drifting = Outcomes(outcomes.net_return + drift, outcomes.stopped, outcomes.bars_held)
    rows = np.zeros(1), np.full(1, 0.01), np.zeros(1)
    long, short = fit(score, drifting).forecast(*rows).expected_return[0]
    flat = fit(score, outcomes).forecast(*rows).expected_return[0]
    assert [long, short] == pytest.approx(flat.tolist(), abs=5e-4)


def test_the_fewer_rows_the_flatter():
    score, outcomes = draw(20_000, edge=0.5)
    slopes = []
    for rows in (30, 300, 20_000):
        part = Outcomes(*(getattr(outcomes, f)[:rows] for f in Outcomes.__slots__))
        weight = np.full(rows, 1.0 if rows > 30 else 0.2)
        slopes.append(float(fit(score[:rows], part, weight=weight).success.slope[0]))
    assert 0.0 <= slopes[0] < 0.25 * slopes[2] < slopes[1] < slopes[2] * 1.3


@pytest.mark.parametrize("asked", [0.8, 0.9])
def test_interval_covers_later_outcomes(asked):
    heads = fit(*draw(3_000), coverage=asked)
    later, outcomes = draw(20_000, seed=5)
    out = heads.forecast(later, np.full(20_000, 0.01), np.zeros(20_000))
    for side in (0, 1):
        reached = coverage(out.lower[:, side], out.upper[:, side], outcomes.net_return[:, side])
        assert asked - 0.02 <= reached


def test_return_and_interval_scale_with_volatility():
    heads = fit(*draw())
    score = np.array([0.3, 0.3])
    out = heads.forecast(score, np.array([0.01, 0.03]), np.zeros(2))
    for values in (out.expected_return, out.lower, out.upper):
        assert values[1] == pytest.approx(3 * values[0])
    assert (out.probability[0] == out.probability[1]).all()


def test_scores_beyond_what_was_seen_are_held():
    heads = fit(*draw())
    out = heads.forecast(np.array([40.0, 4e9, np.inf]), np.full(3, 0.01), np.zeros(3))
    assert (out.probability == out.probability[0]).all()


def test_bits_do_not_depend_on_how_many_rows_go_in_and_arrays_are_contiguous():
    heads = fit(*draw())
    random = np.random.default_rng(2)
    score, volatility = random.standard_normal(4_096), random.uniform(0.001, 0.1, 4_096)
    novelty = random.random(4_096)
    whole = heads.forecast(score, volatility, novelty)
    for size in (1, 3, 8, 64, 1_000):
        parts = [
            heads.forecast(score[i : i + size], volatility[i : i + size], novelty[i : i + size])
            for i in range(0, 4_096, size)
        ]
        for field in dataclasses.fields(whole):
            joined = np.concatenate([getattr(part, field.name) for part in parts])
            assert np.array_equal(joined, getattr(whole, field.name))
            assert getattr(parts[0], field.name).flags.c_contiguous


def test_unknown_outcomes_are_left_out():
    score, outcomes = draw(500)
    net = np.concatenate([outcomes.net_return, np.full((200, 2), np.nan)])
    longer = Outcomes(
        net,
        np.concatenate([outcomes.stopped, np.ones((200, 2))]),
        np.concatenate([outcomes.bars_held, np.zeros((200, 2))]),
    )
    more = fit(np.concatenate([score, np.full(200, 50.0)]), longer)
    assert more.to_json() == fit(score, outcomes).to_json()


def test_json_round_trip_is_exact_also_with_an_open_interval():
    for rows in (12, 400):
        heads = fit(*draw(rows))
        again = Heads.from_json(heads.to_json())
        assert again.to_json() == heads.to_json()
        assert np.array_equal(again.lower, heads.lower)
    assert np.isinf(fit(*draw(12)).upper).all()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("scale", 0.0),
        ("scale", -1.0),
        ("scale", None),
        ("centre", None),
        ("centre", "0"),
        ("horizon", 0),
        ("horizon", 2.5),
        ("horizon", True),
        ("coverage", 1.0),
        ("success", {"intercept": [0.0, 0.0], "slope": [-0.1, 0.0]}),
        ("risk", {"intercept": [0.0, 0.0], "slope": [0.1, 0.0]}),
        ("reward", {"intercept": [0.0], "slope": [0.1]}),
        ("time", {"intercept": [None, 0.0], "slope": [0.0, 0.0]}),
        ("interval", {"lower": [1.0, 0.0], "upper": [0.0, 0.0]}),
        ("surprise", 1),
    ],
)
def test_tampered_coefficients_are_refused(field, value):
    record = fit(*draw(100)).to_json() | {field: value}
    with pytest.raises(BadData, match=r"heads.*expected|unknown fields"):
        Heads.from_json(record)


def test_too_few_outcomes_are_refused():
    score, outcomes = draw(MINIMUM_ROWS)
    fit(score, outcomes)
    outcomes.net_return[0, 1] = np.nan
    with pytest.raises(Refused, match="short"):
        fit(score, outcomes)


def test_wrong_arguments_are_refused():
    score, outcomes = draw(50)
    with pytest.raises(BadData, match="one length"):
        fit(score[:-1], outcomes)
    with pytest.raises(BadData, match="weights"):
        fit(score, outcomes, weight=np.full(50, np.nan))
    with pytest.raises(UsageError, match="coverage"):
        fit(score, outcomes, coverage=1.0)
    with pytest.raises(BadData, match="shape"):
        Outcomes(np.zeros((3, 2)), np.zeros((3, 2)), np.zeros(3))


# -- relative heads: a score against those of its bar ----------------------------------------------


def bars_of(rows, symbols=4):
    return 10**18 + np.repeat(np.arange(rows // symbols), symbols) * 86_400 * 10**9


def shared(rows, symbols=4, seed=5):
    """What all scores of a bar have in common."""
    return np.repeat(3.0 * np.random.default_rng(seed).standard_normal(rows // symbols), symbols)


def test_what_scores_of_a_bar_share_moves_no_relative_forecast():
    score, outcomes = draw()
    time = bars_of(len(score))
    heads = fit(score + shared(len(score)), outcomes, event_time=time)
    alike = fit(score, outcomes, event_time=time)
    assert heads.relative
    assert heads.reward.slope == pytest.approx(alike.reward.slope)
    rows = (np.full(len(score), 0.01), np.zeros(len(score)), None, time)
    one, other = heads.forecast(score, *rows), heads.forecast(score + 7.0 * shared(4_000), *rows)
    assert one.expected_return == pytest.approx(other.expected_return)
    best = one.expected_return[:, 0].reshape(-1, 4).argmax(axis=1)
    assert np.array_equal(best, score.reshape(-1, 4).argmax(axis=1))
    plain = fit(score + shared(len(score)), outcomes)
    assert not plain.relative
    assert plain.reward.slope[0] < 0.6 * heads.reward.slope[0]


def test_rows_that_are_not_used_are_no_peers():
    score, outcomes = draw()
    heads = fit(score, outcomes, event_time=bars_of(len(score)))
    four, time = np.array([1.0, 3.0, 50.0, 60.0]), np.full(4, 9)
    volatility = np.array([0.01, 0.01, 0.01, np.nan])
    blind = np.array([False, False, True, False])
    out = heads.forecast(four, volatility, np.zeros(4), blind, time).expected_return[:, 0]
    two = heads.forecast(four[:2], volatility[:2], np.zeros(2), None, time[:2])
    assert np.array_equal(out[:2], two.expected_return[:, 0])
    assert np.isnan(out[2:]).all()


def test_relative_heads_are_told_apart_and_read_again():
    score, outcomes = draw()
    time = bars_of(len(score))
    heads, plain = fit(score, outcomes, event_time=time), fit(score, outcomes)
    record = heads.to_json()
    assert record["relative"] is True
    assert "relative" not in plain.to_json()
    again = Heads.from_json(record)
    assert again.relative
    assert again.to_json() == record
    for wrong in (False, 1, None):
        with pytest.raises(BadData, match="relative: expected true, or no such field"):
            Heads.from_json(record | {"relative": wrong})


def test_relative_heads_ask_for_times():
    score, outcomes = draw()
    heads = fit(score, outcomes, event_time=bars_of(len(score)))
    for time in (None, np.arange(2)):
        with pytest.raises(BadData, match="forecast all symbols of a bar together"):
            heads.forecast(np.zeros(3), np.full(3, 0.01), np.zeros(3), None, time)
    with pytest.raises(BadData, match="event_time"):
        heads_for(heads, score, np.ones(len(score)))


def test_heads_for_another_fit_take_its_own_spread_within_bars():
    score, outcomes = draw()
    time = bars_of(len(score))
    heads = fit(score, outcomes, event_time=time)
    other = heads_for(heads, 5.0 * score + shared(len(score)), np.ones(len(score)), time)
    assert other.relative
    assert other.scale == pytest.approx(5.0 * heads.scale)
    assert other.centre == pytest.approx(0.0, abs=1e-9)
