import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from edgekeeper.errors import UsageError
from edgekeeper.stats.sequential import Bet, HarmDetector, e_lond_level

RUNS, BARS = 1_000, 1_500


# -- one bet ----------------------------------------------------------------------------------


def test_wealth_is_the_product_of_the_factors():
    rng = np.random.default_rng(0)
    difference, scale = rng.standard_normal(300), rng.uniform(0.5, 2.0, 300)
    path = Bet(worst_bar=20).update(difference, scale)
    wealth = np.cumprod(1.0 + difference / scale / 20.0)
    assert path == pytest.approx(np.log(wealth), abs=1e-12)


def test_a_known_bet():
    path = Bet(worst_bar=20).update(np.full(100, 0.5), np.ones(100))
    assert path[-1] == pytest.approx(100 * math.log(1.025), abs=1e-12)
    assert path[0] == pytest.approx(math.log(1.025), abs=1e-15)


def test_nothing_at_stake_changes_nothing():
    bet = Bet()
    path = bet.update(np.array([5.0, -1_000.0, 1.0]), np.array([0.0, 0.0, 1.0]))
    assert path.tolist() == [0.0, 0.0, math.log(1.05)]


@pytest.mark.parametrize("loss", [-20.0, -21.0, -1e300, -math.inf])
def test_a_loss_of_the_worst_bar_or_more_is_final(loss):
    bet = Bet(worst_bar=20)
    path = bet.update(np.array([3.0, loss, 1e9, 1e9]), np.ones(4))
    assert path[0] > 0.0
    assert (path[1:] == -math.inf).all()
    assert bet.ruined
    assert (bet.update(np.full(50, 10.0), np.ones(50)) == -math.inf).all()


def test_just_within_the_worst_bar_wealth_survives():
    bet = Bet(worst_bar=20)
    bet.update(np.array([-19.99]), np.ones(1))
    assert not bet.ruined
    assert bet.log_wealth == pytest.approx(math.log(0.01 / 20), abs=1e-9)


@pytest.mark.parametrize(
    ("difference", "scale"), [(math.nan, 1.0), (math.nan, 0.0), (1.0, math.nan)]
)
def test_what_is_not_a_number_ends_the_bet(difference, scale):
    if scale == 0.0:
        # Nothing was at stake, so nothing can be missing.
        bet = Bet()
        bet.update(np.array([difference]), np.array([scale]))
        assert bet.log_wealth == 0.0
        return
    bet = Bet()
    path = bet.update(np.array([1.0, difference, 1.0]), np.array([1.0, scale, 1.0]))
    assert bet.ruined
    assert path[0] > 0.0
    assert (path[1:] == -math.inf).all()


def test_lengths_have_to_fit():
    with pytest.raises(UsageError, match="one scale for each difference"):
        Bet().update(np.ones(5), np.ones(4))
    with pytest.raises(UsageError, match="one scale for each difference"):
        Bet().update(np.ones((5, 1)), np.ones((5, 1)))


@pytest.mark.parametrize("worst", [0.0, -1.0, 0.5, math.nan, math.inf])
def test_a_stake_beyond_all_wealth_is_refused(worst):
    with pytest.raises(UsageError, match="worst_bar"):
        Bet(worst_bar=worst)


def normal(rng, shape):
    return rng.standard_normal(shape)


def fat_tails(rng, shape):
    return rng.standard_t(3, shape) / math.sqrt(3)


def right_skew(rng, shape):
    """Many small losses, rarely a large gain."""
    x = np.exp(rng.standard_normal(shape))
    return (x - math.exp(0.5)) / math.sqrt((math.e - 1) * math.e)


def seller_of_tails(rng, shape):
    """Earns .3 in 98.4 % of the bars and loses 18.5 in the others: a fair game that looks good."""
    return np.where(rng.random(shape) < 0.3 / 18.8, -18.5, 0.3)


def clustered(rng, shape):
    """A martingale whose bars are as wild as the two before were; its scale does not know it."""
    x = rng.standard_normal(shape)
    for t in range(2, shape[1]):
        x[:, t] *= 0.4 + 0.3 * np.minimum(np.abs(x[:, t - 1]) + np.abs(x[:, t - 2]), 4.0)
    return x


def costs(rng, shape):
    return rng.standard_normal(shape) - 0.02


@pytest.mark.parametrize("null", [normal, fat_tails, right_skew, seller_of_tails, clustered, costs])
def test_under_a_null_no_stopping_rule_finds_evidence_more_often_than_stated(null):
    """Ville's inequality: P(wealth ever reaches 1/alpha) <= alpha."""
    rng = np.random.default_rng(20_240)
    games = null(rng, (RUNS, BARS))
    highest = np.array([Bet(20).update(game, np.ones(BARS)).max() for game in games])
    for level in (0.05, 0.1, 0.2):
        crossed = int((highest >= math.log(1 / level)).sum())
        # No more often than stated, as far as so many games can tell.
        assert binomtest(crossed, RUNS, level, alternative="greater").pvalue > 0.01
    # The bound is not met by betting nothing.
    if null is not costs:
        assert (highest >= math.log(5)).mean() > 0.05


def test_to_convince_a_seller_of_tails_has_to_go_unscathed_longer_than_chance_allows():
    """Any 100 bars without its loss look like a sure win; the bet has priced that loss in."""
    needed = math.ceil(math.log(20) / math.log(1 + 0.3 / 20))
    path = Bet(20).update(np.full(needed, 0.3), np.ones(needed))
    assert path[-2] < math.log(20) <= path[-1]
    assert (1 - 0.3 / 18.8) ** needed <= 0.05


def test_a_real_edge_is_found_in_reasonable_time():
    """A Sharpe ratio of 3 a year: most games pass 5 % within two years."""
    rng = np.random.default_rng(3)
    games = rng.standard_normal((400, 504)) + 3.0 / math.sqrt(252)
    found = [Bet(20).update(game, np.ones(504)).max() >= math.log(20) for game in games]
    assert np.mean(found) > 0.75


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 200), max_size=6), st.integers(0, 10_000))
def test_a_bet_does_not_depend_on_how_bars_come_in_chunks(cuts, seed):
    rng = np.random.default_rng(seed)
    difference, scale = rng.standard_t(2, 200), rng.uniform(0, 1, 200)
    whole, parts = Bet(), Bet()
    path = whole.update(difference, scale)
    bounds = [0, *sorted(cuts), 200]
    pieces = [parts.update(difference[a:b], scale[a:b]) for a, b in pairwise(bounds)]
    assert np.array_equal(np.concatenate(pieces), path)
    assert parts.log_wealth == whole.log_wealth


# -- levels -----------------------------------------------------------------------------------


def test_levels_of_the_design():
    assert e_lond_level(1, 0) == 0.05
    assert e_lond_level(2, 0) == 0.025
    assert e_lond_level(2, 1) == 0.05
    assert e_lond_level(3, 2, 0.2) == pytest.approx(0.075)


def test_without_discoveries_all_levels_together_stay_within_the_rate():
    assert sum(e_lond_level(test, 0, 0.1) for test in range(1, 200)) <= 0.1
    assert e_lond_level(5_000, 0) == 0.0


@pytest.mark.parametrize(
    ("test", "discoveries", "rate"),
    [(0, 0, 0.1), (-1, 0, 0.1), (1, -1, 0.1), (1, 0, 0.0), (1, 0, 1.0), (1, 0, math.nan)],
)
def test_impossible_levels_are_refused(test, discoveries, rate):
    with pytest.raises(UsageError, match="expected test >= 1"):
        e_lond_level(test, discoveries, rate)


def test_false_discoveries_stay_below_the_rate_under_dependence():
    """Half of 20 tests are null; all e-values share a factor, so errors come in bunches."""
    rng = np.random.default_rng(11)
    shares = []
    for _ in range(2_000):
        shared = rng.standard_normal()
        is_null = rng.random(20) < 0.5
        z = 0.8 * shared + 0.6 * rng.standard_normal(20)
        bet = 2.0
        values = np.exp(bet * (z + np.where(is_null, 0.0, 3.0)) - bet**2 / 2)
        found, wrong = 0, 0
        for test, value in enumerate(values, start=1):
            if value >= 1.0 / e_lond_level(test, found, 0.1):
                found += 1
                wrong += is_null[test - 1]
        shares.append(wrong / max(found, 1))
    assert np.mean(shares) <= 0.1
    assert np.mean(shares) > 0.0


# -- harm -------------------------------------------------------------------------------------


def naive_harm(gains, reference, clip):
    """Mean over stakes of the sum of products started at every bar (definition 2.2)."""
    largest = 1.0 / (clip - reference)
    values = []
    for t in range(len(gains)):
        total = 0.0
        for stake in (largest, largest / 2, largest / 4):
            factors = 1.0 + stake * (reference - np.minimum(gains[: t + 1], clip))
            total += sum(np.prod(factors[j:]) for j in range(t + 1))
        values.append(total / 3)
    return np.array(values)


def test_harm_is_the_sum_of_bets_started_at_every_bar():
    gains = np.random.default_rng(1).standard_t(3, 60)
    detector = HarmDetector(0.1, clip=5.0)
    path = detector.update(gains)
    assert path == pytest.approx(naive_harm(gains, 0.1, 5.0), rel=1e-10)
    assert detector.value == path[-1]


def first_alarms(draw, runs, bars, threshold, reference, rng):
    lengths = []
    for _ in range(runs):
        detector = HarmDetector(reference, 5.0, threshold)
        path = detector.update(draw(rng, bars))
        hits = np.flatnonzero(path >= threshold)
        lengths.append(hits[0] + 1 if len(hits) else bars)
    return np.array(lengths)


@pytest.mark.parametrize("spread", ["normal", "uniform", "seller"])
def test_false_retreats_are_as_rare_as_stated(spread):
    """Gains exactly at the reference: the mean time to an alarm is at least the threshold."""
    reference, threshold = 0.1, 100.0

    def draw(rng, bars):
        if spread == "normal":
            return reference + rng.standard_normal(bars)
        if spread == "uniform":
            return reference + rng.uniform(-2.0, 2.0, bars)
        return reference + np.where(rng.random(bars) < 0.1, -1.8, 0.2)

    rng = np.random.default_rng(17)
    lengths = first_alarms(draw, 400, 2_000, threshold, reference, rng)
    assert lengths.mean() >= threshold
    # It does raise an alarm at some time, so the figure is not met by silence.
    assert (lengths < 2_000).mean() > 0.5


@pytest.mark.parametrize("good_bars", [300, 1_500])
def test_a_flip_is_noticed_within_half_a_year_however_long_the_good_past(good_bars):
    """Sharpe 3 a year becomes -3; reference and thresholds are the defaults of the design."""
    edge, rng = 3.0 / math.sqrt(252), np.random.default_rng(23)
    shrunk = edge * 500 / (500 + 252)
    delays = []
    for _ in range(200):
        detector = HarmDetector(0.8 * shrunk, 5.0, 2520.0)
        detector.update(edge + rng.standard_normal(good_bars))
        path = detector.update(rng.standard_normal(500) - edge)
        hits = np.flatnonzero(path >= detector.threshold)
        delays.append(hits[0] + 1 if len(hits) else 501)
    assert np.median(delays) <= 130
    assert np.mean(np.array(delays) <= 200) >= 0.8


def test_gains_beyond_the_clip_do_not_buy_time():
    rich, plain = HarmDetector(0.1, 5.0), HarmDetector(0.1, 5.0)
    assert np.array_equal(rich.update(np.array([-1.0, 1e9])), plain.update(np.array([-1.0, 5.0])))


def test_what_is_not_a_number_is_harm_beyond_any_threshold():
    detector = HarmDetector(0.1, 5.0, 2520.0)
    detector.update(np.array([1.0, math.nan]))
    assert not detector.value < detector.threshold
    detector.update(np.array([1.0, 5.0, 100.0]))
    assert not detector.value < detector.threshold


@pytest.mark.parametrize("reference", [5.0, 6.0, math.nan])
def test_a_reference_that_cannot_be_missed_is_refused(reference):
    with pytest.raises(UsageError, match="reference below the clip"):
        HarmDetector(reference, clip=5.0)


def test_a_threshold_that_always_alarms_is_refused():
    with pytest.raises(UsageError, match="false_alarm_bars"):
        HarmDetector(0.1, 5.0, 1.0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 200), max_size=6), st.integers(0, 10_000))
def test_harm_does_not_depend_on_how_bars_come_in_chunks(cuts, seed):
    gains = np.random.default_rng(seed).standard_t(3, 200)
    whole, parts = HarmDetector(0.05), HarmDetector(0.05)
    path = whole.update(gains)
    bounds = [0, *sorted(cuts), 200]
    pieces = [parts.update(gains[a:b]) for a, b in pairwise(bounds)]
    assert np.array_equal(np.concatenate(pieces), path)
    assert parts.value == whole.value
