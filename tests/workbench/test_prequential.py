"""Fitted, asked, fitted again: nothing later is read, and windows share only what is past."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.models.learners import LightGBM, Logistic, share_windows, side_by_side
from edgekeeper.testing.learners import market_like
from edgekeeper.workbench import compare, prequential
from edgekeeper.worlds import make_world

ONES = np.ones(3_000)


@pytest.fixture(scope="module")
def bars():
    return make_world("planted", seed=2, symbols=4, bars=500, net_sharpe=8.0).bars


def walked(bars, **options):
    return prequential(bars, features=("volume", "returns"), every=150, **options)


def test_forecasts_begin_after_the_first_fit_and_know_no_later_bar(bars):
    whole = walked(bars, learner="lightgbm", tune=4)
    first = whole.case.first
    assert first == 200
    assert whole.fits_ns == tuple(bars.instants[[199, 349]])
    assert whole.search is not None
    silent = bars.event_time < bars.instants[first]
    assert np.isnan(whole.case.probability[silent]).all()
    assert np.isfinite(whole.case.probability[~silent]).all()
    # The future turned upside down changes no forecast before it.
    cut = bars.instants[420]
    later = bars.event_time > cut
    columns = bars.to_polars().to_dict(as_series=False)
    for name in ("open", "high", "low", "close"):
        columns[name] = np.where(later, 3.0, 1.0) * np.array(columns[name])
    changed = walked(Bars.from_frame(_frame(columns)), learner="lightgbm", tune=4)
    kept = ~silent & ~later
    assert np.array_equal(changed.case.probability[kept], whole.case.probability[kept])
    assert not np.array_equal(changed.case.probability[later], whole.case.probability[later])


def _frame(columns):
    import polars as pl

    return pl.DataFrame(columns)


@pytest.mark.parametrize("learner", ["lightgbm", "random_forest"])
def test_fits_side_by_side_have_the_same_bits(bars, learner):
    options = {"parameters": {"trees": 20}} if learner == "random_forest" else {}
    one, three = (walked(bars, learner=learner, jobs=jobs, **options) for jobs in (1, 3))
    assert np.array_equal(one.case.probability, three.case.probability, equal_nan=True)


def test_results_are_compared_as_they_are(bars):
    found = compare([walked(bars, learner="logistic"), walked(bars, learner="lightgbm")])
    names = {(one.a, one.b) for one in found.differences}
    assert names == {("logistic", "lightgbm")}


def test_a_schedule_that_leaves_nothing_is_refused(bars):
    for options in ({"start": 0.99}, {"start": 1.5}, {"every": 0}):
        with pytest.raises(UsageError, match="expected"):
            prequential(bars, **options)
    with pytest.raises(UsageError, match=r"no parameter 'round'.*rounds"):
        prequential(bars, learner="lightgbm", parameters={"round": 3})


@pytest.fixture(scope="module")
def table():
    made = replace(market_like(3_000, 5, edge=0.5), weight=ONES)
    made.target[::50] = 0.5
    made.features[::7, 1] = np.nan
    return made


def fitted(learner, table, place, *, validation=None, seed=1, weight=ONES):
    windows = share_windows(learner, table)
    return windows.ready(place, weight, validation=validation, seed=seed)()


def above_zero(table):
    """The same order of values, none below zero: LightGBM keeps zero apart otherwise."""
    return replace(table, features=np.exp(table.features / 8.0))


def test_the_first_window_is_fitted_as_alone(table):
    table = above_zero(table)
    learner = LightGBM(rounds=40)
    place, later = np.arange(1_500), np.arange(1_500, 2_000)
    shared = fitted(learner, table, place, validation=later, seed=3)
    alone = learner.fit(table.take(place), validation=table.take(later), seed=3)
    assert np.array_equal(shared.score(table.features), alone.score(table.features))
    assert shared.to_onnx(5) == alone.to_onnx(5)


def test_zero_in_a_bin_of_its_own_is_all_the_difference(table):
    learner, place = LightGBM(rounds=40), np.arange(1_500)
    shared = fitted(learner, table, place, seed=3).score(table.features)
    alone = learner.fit(table.take(place), validation=None, seed=3).score(table.features)
    assert np.corrcoef(shared, alone)[0, 1] > 0.99


def test_later_windows_keep_the_edges_while_half_of_their_rows_made_them(table):
    table = above_zero(table)
    learner = LightGBM(rounds=40)
    windows = share_windows(learner, table)
    scores = {}
    for begin in (0, 600, 900):
        place = np.arange(begin, begin + 1_500)
        shared = windows.ready(place, ONES, validation=None, seed=3)()
        alone = learner.fit(table.take(place), validation=None, seed=3)
        scores[begin] = [fit.score(table.features) for fit in (shared, alone)]
    assert np.array_equal(*scores[0])
    assert not np.array_equal(*scores[600]), "edges of the first window, 900 rows in common"
    assert np.corrcoef(scores[600])[0, 1] > 0.98
    assert np.array_equal(*scores[900]), "600 rows in common: edges of its own"


def test_rows_after_a_window_do_not_reach_its_fit(table):
    place = np.arange(1_500)
    other = replace(table, features=np.where(np.arange(3_000)[:, None] < 1_500, table.features, 9))
    scores = [
        fitted(LightGBM(rounds=20), one, place).score(table.features) for one in (table, other)
    ]
    assert np.array_equal(*scores)


def test_a_gap_the_edges_have_not_seen_is_read_as_zero(table):
    scores = []
    for value in (np.nan, 0.0):
        features = np.nan_to_num(table.features)
        features[1_500:, 0] = value
        windows = share_windows(LightGBM(rounds=20), replace(table, features=features))
        first, later = (
            windows.ready(np.arange(begin, begin + 1_500), ONES, validation=None, seed=1)()
            for begin in (0, 700)
        )
        scores.append([first.score(features), later.score(features)])
    assert np.array_equal(*scores)


def test_learners_that_share_nothing_are_fitted_one_by_one(table):
    place = np.arange(500, 900)
    weight = np.linspace(0.5, 2.0, 3_000)
    shared = fitted(Logistic(), table, place, weight=weight)
    alone = Logistic().fit(replace(table, weight=weight).take(place), validation=None, seed=1)
    assert np.array_equal(shared.score(table.features), alone.score(table.features))


def test_one_class_and_no_winner(table):
    flat = replace(table, target=np.ones(3_000))
    constant = fitted(LightGBM(), flat, np.arange(100))
    assert len(set(constant.score(table.features).tolist())) == 1
    tied = replace(table, target=np.full(3_000, 0.5))
    with pytest.raises(BadData, match="at least one row with a winner"):
        fitted(LightGBM(), tied, np.arange(100))


def test_tasks_side_by_side_come_back_in_order_and_are_taken_when_a_thread_is_free():
    taken = []

    def tasks():
        for number in range(6):
            taken.append(number)
            yield partial(lambda n: n * n, number)

    found = []
    for value in side_by_side(tasks(), jobs=2):
        found.append(value)
        assert len(taken) <= len(found) + 2
    assert found == [0, 1, 4, 9, 16, 25]
    with pytest.raises(ZeroDivisionError):
        list(side_by_side([lambda: 1 // 0, lambda: 1], jobs=2))
    with pytest.raises(UsageError, match="at least one worker"):
        list(side_by_side([], jobs=0))
