"""What holds for every corrector: without lessons nothing changes, nor by cuts and stops."""

from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.models.online import CORRECTORS, Outcome, View
from edgekeeper.types import Forecasts

KINDS = [
    pytest.param(
        kind,
        marks=pytest.mark.skipif(
            kind == "river" and find_spec("river") is None, reason="needs the extra online"
        ),
    )
    for kind in sorted(CORRECTORS)
]
HELD = 5.0


def market(worth, *, said=0.1, instants=150, symbols=4, seed=0):
    """Rows whose score is worth ``worth`` units, of a package that says ``said``."""
    rng = np.random.default_rng(seed)
    n = instants * symbols
    score = np.clip(rng.standard_normal(n), -4, 4)
    unit = rng.uniform(0.02, 0.05, n)
    sides = np.array([1.0, -1.0])
    odds = 4.0 * said * score[:, None] * sides / 2 - 0.1
    reward = (said * score[:, None] * sides - 0.03) * unit[:, None]
    chance = 1.0 / (1.0 + np.exp(-odds))
    forecasts = Forecasts(
        probability=chance,
        expected_return=reward,
        lower=reward - unit[:, None],
        upper=reward + unit[:, None],
        risk=1.0 - chance,
        bars_held=np.full((n, 2), HELD),
        novelty=np.zeros(n),
    )
    features = np.column_stack([score, rng.standard_normal((n, 2))]).astype(np.float32)
    came = worth * score + 0.7 * rng.standard_normal(n)
    net = (came[:, None] * sides - 0.03) * unit[:, None]
    view = View(forecasts, score, unit, features)
    return view, Outcome(np.repeat(np.arange(instants), symbols), net, np.full(n, 1.0))


def part(view, outcome, first, last):
    rows = np.zeros(len(view), dtype=bool)
    rows[first:last] = True
    return view.take(rows), Outcome(
        outcome.instant[rows], outcome.net_return[rows], outcome.weight[rows]
    )


def taught(kind, *args, buffer=300, **options):
    corrector = CORRECTORS[kind](buffer)
    view, outcome = market(*args, **options)
    corrector.learn(view, outcome)
    return corrector, view


def same(one, other):
    return all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True)
        for name in Forecasts.__dataclass_fields__
    )


def worth_of(corrector, view):
    """What the corrected forecasts say a unit of score is worth."""
    found = corrector.correct(view).expected_return
    half = 0.5 * (found[:, 0] - found[:, 1]) / view.unit
    return float(half @ view.score / (view.score @ view.score))


@pytest.mark.parametrize("kind", KINDS)
def test_without_outcomes_nothing_changes(kind):
    view, _ = market(0.1)
    assert CORRECTORS[kind](300).correct(view) is view.forecasts


@pytest.mark.parametrize("kind", KINDS)
def test_a_score_that_turned_round_is_turned_round(kind):
    corrector, view = taught(kind, -0.2, said=0.2)
    assert worth_of(corrector, view) < -0.05
    found = corrector.correct(view)
    steep = np.abs(view.score) > 1.0
    enough = 0.7 if kind == "continuation" else 0.9  # trees are no straight line
    for sides in (found.probability, 1.0 - found.risk):
        short = sides[steep, 0] < sides[steep, 1]
        assert (short == (view.score[steep] > 0.0)).mean() > enough
    assert (found.lower <= found.expected_return).all()
    assert ((found.probability > 0) & (found.probability < 1)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_right_is_left_alone(kind):
    corrector, view = taught(kind, 0.15, said=0.15)
    assert worth_of(corrector, view) == pytest.approx(0.15, abs=0.07)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_noise_moves_nothing_far(kind, seed):
    corrector, view = taught(kind, 0.0, said=0.01, seed=seed)
    assert abs(worth_of(corrector, view) - 0.01) < 0.01


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(0, 240), max_size=6), stop=st.integers(0, 240))
def test_cuts_and_a_stop_in_between_change_no_bit(kind, cuts, stop):
    view, outcome = market(-0.2, said=0.2, instants=60)
    whole = CORRECTORS[kind](150)
    whole.learn(view, outcome)
    pieces = CORRECTORS[kind](150)
    edges = sorted({0, 240, stop, *cuts})
    for first, last in pairwise(edges):
        if first == stop:
            again = CORRECTORS[kind](150)
            again.restore(pieces.state())
            assert again.state() == pieces.state()
            pieces = again
        pieces.learn(*part(view, outcome, first, last))
        pieces.correct(view)
    assert pieces.state() == whole.state()
    assert same(pieces.correct(view), whole.correct(view))


@pytest.mark.parametrize("kind", KINDS)
def test_outcomes_told_to_the_last_digit_break_nothing(kind):
    view, outcome = market(0.2, said=0.2)
    exact = Outcome(outcome.instant, view.forecasts.expected_return, outcome.weight)
    corrector = CORRECTORS[kind](300)
    corrector.learn(view, exact)
    found = corrector.correct(view)
    assert np.isfinite(found.expected_return).all()
    assert np.isfinite(found.probability).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_bar_alone_is_corrected_as_in_a_chunk(kind):
    """To the bit: a live run corrects bar by bar what a replay corrects by the epoch."""
    corrector, view = taught(kind, -0.2, said=0.2)
    whole = corrector.correct(view)
    for row in range(0, len(view), 37):
        alone = corrector.correct(view.take(np.arange(len(view)) == row))
        for name in Forecasts.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(whole, name)[row])


@pytest.mark.parametrize("kind", KINDS)
def test_what_teaches_nothing_is_passed_over(kind):
    view, outcome = market(-0.2, said=0.2, instants=60)
    plain = CORRECTORS[kind](300)
    plain.learn(view, outcome)
    bad = np.zeros(len(view), dtype=bool)
    bad[::2] = True
    hollow = Outcome(
        np.concatenate([outcome.instant, outcome.instant]),
        np.concatenate([np.full((240, 2), np.nan), outcome.net_return]),
        np.concatenate([outcome.weight, outcome.weight]),
    )
    twice = View(
        Forecasts(*(
            np.concatenate([getattr(view.forecasts, n)] * 2)
            for n in Forecasts.__dataclass_fields__
        )),
        np.concatenate([view.score] * 2),
        np.concatenate([view.unit] * 2),
        np.concatenate([view.features] * 2),
    )  # fmt: skip
    other = CORRECTORS[kind](300)
    other.learn(twice, hollow)
    assert other.state() == plain.state()


@pytest.mark.parametrize("kind", KINDS)
def test_abstentions_stay_abstentions(kind):
    corrector, view = taught(kind, -0.2, said=0.2)
    empty = Forecasts.empty(len(view))
    blind = View(empty, np.full(len(view), np.nan), view.unit, view.features)
    assert same(corrector.correct(blind), empty)


@pytest.mark.parametrize("kind", KINDS)
def test_bars_without_a_deviation_stay_as_they_are(kind):
    corrector, view = taught(kind, -0.2, said=0.2)
    unit = view.unit.copy()
    unit[0], unit[1] = 0.0, np.nan
    found = corrector.correct(View(view.forecasts, view.score, unit, view.features))
    for name in Forecasts.__dataclass_fields__:
        np.testing.assert_array_equal(
            getattr(found, name)[:2], getattr(view.forecasts, name)[:2], err_msg=name
        )
    assert np.isfinite(found.probability).all()


@pytest.mark.parametrize("kind", KINDS)
def test_packages_that_disagree_leave_nothing_of_it(kind):
    corrector, view = taught(kind, -0.2, said=0.2)
    before = abs(worth_of(corrector, view) - 0.2)
    corrector.follow(0.5)
    assert abs(worth_of(corrector, view) - 0.2) == pytest.approx(0.5 * before, rel=0.02)
    corrector.follow(-0.3)
    assert same(corrector.correct(view), view.forecasts)


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_of_something_else_is_refused(kind):
    corrector, _ = taught(kind, -0.2, said=0.2)
    state = corrector.state()
    for wrong in (b"", b"x" * 40, state[:-8], state + b"12345678", state[:-8] + b"\xff" * 8):
        with pytest.raises(BadData, match="state"):
            CORRECTORS[kind](300).restore(wrong)
    with pytest.raises(BadData, match="another's"):
        CORRECTORS[kind](301).restore(state)
    with pytest.raises(BadData, match="state"):
        CORRECTORS[kind](300).restore(b"other".ljust(8, b"\0") + state[8:])


@pytest.mark.parametrize("kind", KINDS)
def test_outcomes_of_other_rows_are_refused(kind):
    view, outcome = market(0.1)
    with pytest.raises(BadData, match="expected outcomes"):
        CORRECTORS[kind](300).learn(view, part(view, outcome, 0, 10)[1])


def test_river_says_what_it_needs(monkeypatch):
    monkeypatch.setattr("edgekeeper.models.online.river.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"edgekeeper\[online\]"):
        CORRECTORS["river"](300)


def test_rows_with_other_features_begin_anew():
    corrector, view = taught("continuation", -0.2, said=0.2)
    narrow = View(view.forecasts, view.score, view.unit, view.features[:, :2])
    assert corrector.correct(narrow) is view.forecasts
    _, outcome = market(-0.2, said=0.2)
    corrector.learn(*part(narrow, outcome, 0, 50))
    assert corrector.memory.seen == 50
    assert corrector.correct(narrow) is view.forecasts
