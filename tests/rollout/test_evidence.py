import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekeeper.config import EvidenceConfig, parse_config
from edgekeeper.errors import BadData
from edgekeeper.features import evaluate
from edgekeeper.rollout import NULLS, BookBars, LineEvidence, MarketRisk
from edgekeeper.simulator import Book, MarketFeed, book_parameters
from edgekeeper.worlds import make_world

CONFIG = EvidenceConfig(exposure_window=40)


# -- against a naive restatement of the design ------------------------------------------------


def trailing_mean(values, window):
    return np.array(
        [values[max(0, t + 1 - window) : t + 1].mean(axis=0) for t in range(len(values))]
    )


def naive_logs(book, incumbent, returns, covariance, config):
    """The three nulls, word by word."""
    window = config.exposure_window
    exposure = trailing_mean(book.opened, window)
    passive = np.nansum(exposure * returns, axis=1)
    cases = {
        "cash": (book.gain, book.held, book.opened),
        "exposure": (book.gain - passive, book.held - exposure, book.opened - exposure),
        "incumbent": (
            book.gain - incumbent.gain,
            book.held - incumbent.held,
            book.opened - incumbent.opened,
        ),
    }
    logs, scales = {}, {}
    for name, (gain, held, opened) in cases.items():
        volatility = np.array(
            [
                math.sqrt(max(h @ c @ h, o @ c @ o, 0.0))
                for h, o, c in zip(held, opened, covariance, strict=True)
            ]
        )
        scale = np.maximum(volatility, config.scale_floor * trailing_mean(volatility, window))
        ratio = np.divide(gain, scale, out=np.zeros_like(gain), where=scale > 0)
        logs[name] = np.cumsum(np.log(np.maximum(1 + ratio / config.worst_bar, 1e-300)))
        scales[name] = scale
    return logs, scales


@pytest.mark.parametrize("seed", range(3))
def test_the_three_nulls_are_those_of_the_design(records, seed):
    arguments = records(seed).all()
    found = LineEvidence(3, CONFIG).update(*arguments)
    logs, scales = naive_logs(*arguments, CONFIG)
    assert found.log_cash == pytest.approx(logs["cash"], abs=1e-8)
    assert found.log_exposure == pytest.approx(logs["exposure"], abs=1e-8)
    assert found.log_incumbent == pytest.approx(logs["incumbent"], abs=1e-8)
    assert found.scale == pytest.approx(scales["cash"], rel=1e-9)
    least = np.minimum(np.minimum(logs["cash"], logs["exposure"]), logs["incumbent"])
    assert found.log_least == pytest.approx(least, abs=1e-8)


def test_the_window_is_a_year_by_default_and_counts_from_the_start(records):
    arguments = records(5, bars=600).all()
    config = EvidenceConfig()
    logs, _ = naive_logs(*arguments, config)
    assert config.exposure_window == 252
    assert LineEvidence(3, config).update(*arguments).log_exposure == pytest.approx(
        logs["exposure"], abs=1e-8
    )


def test_no_scale_and_no_exposure_knows_its_own_bar(records):
    """Gains and returns of a bar change the evidence from that bar on, and no scale at all."""
    record = records(1)
    before = LineEvidence(3, CONFIG).update(*record.all())
    t = 200
    record.returns[t] = 0.5
    record.book.gain[t] = -7.0
    after = LineEvidence(3, CONFIG).update(*record.all())
    assert np.array_equal(before.scale, after.scale)
    for name in ("log_cash", "log_exposure", "log_incumbent"):
        assert np.array_equal(getattr(before, name)[:t], getattr(after, name)[:t])
        assert getattr(before, name)[t] != getattr(after, name)[t]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cuts=st.lists(st.integers(0, 400), max_size=6), seed=st.integers(0, 50))
def test_evidence_does_not_depend_on_how_bars_come_in_chunks(records, cuts, seed):
    record = records(seed)
    whole, parts = LineEvidence(3, CONFIG), LineEvidence(3, CONFIG)
    whole.update(*record.part(0, 50))
    parts.update(*record.part(0, 50))
    whole.watch_for_harm()
    parts.watch_for_harm()
    expected = whole.update(*record.part(50, 400))
    bounds = sorted({50, 400, *(c for c in cuts if c > 50)})
    pieces = [parts.update(*record.part(a, b)) for a, b in pairwise(bounds)]
    for name in ("gain", "scale", "log_cash", "log_exposure", "log_incumbent", "harm"):
        joined = np.concatenate([getattr(piece, name) for piece in pieces])
        assert np.array_equal(joined, getattr(expected, name)), name
    assert (parts.sum_gain, parts.bars, parts.log_least) == (
        whole.sum_gain,
        whole.bars,
        whole.log_least,
    )


def test_bar_by_bar_is_one_chunk(records):
    record = records(9)
    whole, bars = LineEvidence(3, CONFIG), LineEvidence(3, CONFIG)
    expected = whole.update(*record.all())
    pieces = [bars.update(*record.part(t, t + 1)) for t in range(400)]
    joined = np.concatenate([piece.log_exposure for piece in pieces])
    assert np.array_equal(joined, expected.log_exposure)
    assert bars.shrunk_mean == whole.shrunk_mean


def test_nothing_happens_on_no_bars(records):
    evidence = LineEvidence(3, CONFIG)
    found = evidence.update(*records(0).part(0, 0))
    assert len(found.gain) == 0
    assert (evidence.bars, evidence.sum_gain, evidence.log_least) == (0, 0.0, 0.0)


def test_an_average_of_nothing_is_nothing_even_after_much(records):
    """A book that went flat a window ago has no exposure left, not even a rounding error."""
    record = records(2)
    for book in (record.book, record.incumbent):
        book.held[200:], book.opened[200:], book.gain[200:] = 0.0, 0.0, 0.0
    found = LineEvidence(3, CONFIG).update(*record.all())
    assert (found.scale[200 + 40 :] == 0.0).all()
    assert len(np.unique(found.log_exposure[200 + 40 :])) == 1
    assert len(np.unique(found.log_incumbent[200 + 40 :])) == 1


def test_a_nearly_flat_book_cannot_win_a_fortune_on_a_rounding_error(records):
    record = records(3)
    record.book.held[200:], record.book.opened[200:] = 0.0, 0.0
    record.book.opened[210] = 1e-9
    record.book.gain[200:] = 0.0
    record.book.gain[210] = 1e-9
    found = LineEvidence(3, CONFIG).update(*record.all())
    assert abs(found.log_cash[210] - found.log_cash[209]) < 1e-6


@pytest.mark.parametrize("place", ["gain", "returns", "held", "covariance", "incumbent"])
def test_shapes_that_do_not_fit_are_refused(records, place):
    book, incumbent, returns, covariance = records(0).all()
    if place == "gain":
        book = BookBars(book.gain[1:], book.held, book.opened)
    elif place == "held":
        book = BookBars(book.gain, book.held[:, :2], book.opened)
    elif place == "returns":
        returns = returns[:, :2]
    elif place == "covariance":
        covariance = covariance[:, :2, :2]
    else:
        incumbent = BookBars(incumbent.gain[1:], incumbent.held[1:], incumbent.opened[1:])
    with pytest.raises(BadData, match="expected evidence of"):
        LineEvidence(3, CONFIG).update(book, incumbent, returns, covariance)


# -- what the nulls are for -------------------------------------------------------------------


def book_of(rule, horizon, *, seed, symbols=4, bars=1_500, drift=2.0, cost=0.0):
    """Evidence of a book that follows a rule without a model in a drifting market, against flat."""
    costs = {"fee_bps": cost, "half_spread_bps": 0, "slippage_bps": 0}
    config = parse_config({"labels": {"horizon_bars": horizon}, "costs": costs})
    bars = make_world("noise", seed=seed, symbols=symbols, bars=bars, drift_sharpe=drift).bars
    volatility = evaluate(config.labels.volatility, bars)
    signal = np.full(len(bars), rule, dtype=np.int8)
    feed = MarketFeed(bars, volatility, signal, max_age_ns=10**12)
    book = Book(book_parameters(config, periods_per_year=252.0, virtual=True), symbols)
    log = book.step(feed.chunk(0, len(feed.instants)))
    close = feed.close.reshape(-1, symbols)
    returns = np.vstack([np.full(symbols, np.nan), close[1:] / close[:-1] - 1])
    stays = log.held * log.opened > 0
    opened = np.where(stays, log.held, log.opened)
    mine = BookBars(np.diff(log.equity[:, 0], prepend=0.0), log.held, opened)
    flat = BookBars(*(np.zeros_like(a) for a in (mine.gain, mine.held, mine.opened)))
    evidence = LineEvidence(symbols, EvidenceConfig())
    return evidence.update(mine, flat, returns, MarketRisk(symbols, 63).update(returns))


@pytest.mark.parametrize("horizon", [1, 3, 10])
def test_being_long_in_a_rising_market_beats_cash_but_not_its_own_exposure(horizon):
    """Beta must not pass for skill, however short the trades: a drift of Sharpe 1.5, no costs."""
    found = [book_of(1, horizon, seed=seed, drift=1.5) for seed in range(3000, 3016)]
    against_cash = np.array([evidence.log_cash.max() for evidence in found])
    against_exposure = np.array([evidence.log_exposure.max() for evidence in found])
    assert (against_cash >= math.log(20)).sum() >= (3 if horizon == 1 else 12)
    assert (against_exposure >= math.log(20)).sum() <= 1
    assert np.median([evidence.log_exposure[-1] for evidence in found]) < 0.0


# -- harm, restarts, incumbents ---------------------------------------------------------------


def constant_gains(evidence, gains):
    """Feed gains in scales of a book whose predicted volatility is one."""
    n = len(gains)
    ones = np.ones((n, 1))
    book = BookBars(np.asarray(gains, dtype=float), ones, ones)
    flat = BookBars(np.zeros(n), 0 * ones, 0 * ones)
    return evidence.update(book, flat, np.zeros((n, 1)), np.ones((n, 1, 1)))


def test_the_mean_is_shrunk_by_a_year_of_nothing():
    evidence = LineEvidence(1, EvidenceConfig())
    assert evidence.shrunk_mean == 0.0
    constant_gains(evidence, np.full(252, 0.5))
    assert evidence.shrunk_mean == pytest.approx(0.25)


def test_harm_is_watched_against_four_fifths_of_what_was_earned():
    evidence = LineEvidence(1, EvidenceConfig())
    assert np.isnan(constant_gains(evidence, np.full(252, 0.5)).harm).all()
    evidence.watch_for_harm()
    assert evidence.harm is not None
    assert evidence.harm.reference == pytest.approx(0.8 * 0.25)
    assert (evidence.harm.clip, evidence.harm.threshold) == (5.0, 2520.0)
    quiet = constant_gains(evidence, np.full(300, 0.5)).harm
    assert quiet.max() < 2520
    loud = constant_gains(evidence, np.full(300, -0.2)).harm
    assert loud[-1] > 2520


def test_after_a_losing_past_harm_means_losing():
    evidence = LineEvidence(1, EvidenceConfig())
    constant_gains(evidence, np.full(50, -1.0))
    evidence.watch_for_harm()
    assert evidence.harm is not None
    assert evidence.harm.reference == 0.0


def test_a_loss_beyond_the_worst_bar_closes_the_line():
    evidence = LineEvidence(1, EvidenceConfig())
    constant_gains(evidence, [1.0, -19.0])
    assert not evidence.ruined
    constant_gains(evidence, [-21.0, 5.0])
    assert evidence.ruined
    assert evidence.log_least == -math.inf


def test_a_gain_that_is_not_a_number_closes_the_line_and_raises_the_alarm():
    evidence = LineEvidence(1, EvidenceConfig())
    evidence.watch_for_harm()
    constant_gains(evidence, [0.1, math.nan])
    assert evidence.ruined
    assert evidence.harm is not None
    assert not evidence.harm.value < evidence.harm.threshold


def test_the_weakest_null_is_named(records):
    evidence = LineEvidence(3, CONFIG)
    evidence.update(*records(0).all())
    logs = {name: bet.log_wealth for name, bet in evidence.bets.items()}
    assert tuple(logs) == NULLS
    assert logs[evidence.weakest] == evidence.log_least == min(logs.values())


def test_a_restart_forgets_the_evidence_but_not_the_exposure(records):
    record = records(4)
    evidence = LineEvidence(3, CONFIG)
    evidence.update(*record.part(0, 200))
    evidence.watch_for_harm()
    evidence.restart()
    assert (evidence.bars, evidence.sum_gain, evidence.harm) == (0, 0.0, None)
    assert all(bet.log_wealth == 0.0 for bet in evidence.bets.values())
    found = evidence.update(*record.part(200, 400))
    whole = LineEvidence(3, CONFIG).update(*record.all())
    assert np.array_equal(found.scale, whole.scale[200:])
    assert found.log_exposure == pytest.approx(whole.log_exposure[200:] - whole.log_exposure[199])


def test_having_beaten_another_incumbent_proves_nothing(records):
    record = records(6)
    evidence = LineEvidence(3, CONFIG)
    first = evidence.update(*record.part(0, 200))
    evidence.new_incumbent()
    assert evidence.bets["incumbent"].log_wealth == 0.0
    assert evidence.bets["cash"].log_wealth == first.log_cash[-1]
    second = evidence.update(*record.part(200, 400))
    whole = LineEvidence(3, CONFIG).update(*record.all())
    assert np.array_equal(second.log_cash, whole.log_cash[200:])
    assert np.array_equal(second.log_exposure, whole.log_exposure[200:])
    fresh = LineEvidence(3, CONFIG).update(*record.part(200, 400))
    assert np.array_equal(second.log_incumbent, fresh.log_incumbent)
