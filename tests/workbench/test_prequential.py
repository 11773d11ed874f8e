"""Fitted, asked, fitted again: nothing later is read, and windows share only what is past."""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.models.learners import LightGBM, Logistic, share_windows
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


def test_the_first_window_is_fitted_as_alone(table):
    learner = LightGBM(rounds=40)
    place, later = np.arange(1_500), np.arange(1_500, 2_000)
    shared = share_windows(learner, table).fit(place, ONES, validation=later, seed=3)
    alone = learner.fit(table.take(place), validation=table.take(later), seed=3)
    assert np.array_equal(shared.score(table.features), alone.score(table.features))


def test_later_windows_keep_the_edges_while_half_of_their_rows_made_them(table):
    windows = share_windows(LightGBM(rounds=40), table)
    learner = LightGBM(rounds=40)
    scores = {}
    for begin in (0, 600, 900):
        place = np.arange(begin, begin + 1_500)
        fitted = windows.fit(place, ONES, validation=None, seed=3)
        alone = learner.fit(table.take(place), validation=None, seed=3)
        scores[begin] = [fit.score(table.features) for fit in (fitted, alone)]
    assert np.array_equal(*scores[0])
    assert not np.array_equal(*scores[600]), "edges of the first window, 900 rows in common"
    assert np.corrcoef(scores[600])[0, 1] > 0.98
    assert np.array_equal(*scores[900]), "600 rows in common: edges of its own"


def test_rows_after_a_window_do_not_reach_its_fit(table):
    place = np.arange(1_500)
    other = replace(table, features=np.where(np.arange(3_000)[:, None] < 1_500, table.features, 9))
    scores = [
        share_windows(LightGBM(rounds=20), one)
        .fit(place, ONES, validation=None, seed=1)
        .score(table.features)
        for one in (table, other)
    ]
    assert np.array_equal(*scores)


def test_learners_that_share_nothing_are_fitted_one_by_one(table):
    place = np.arange(500, 900)
    weight = np.linspace(0.5, 2.0, 3_000)
    fitted = share_windows(Logistic(), table).fit(place, weight, validation=None, seed=1)
    alone = Logistic().fit(replace(table, weight=weight).take(place), validation=None, seed=1)
    assert np.array_equal(fitted.score(table.features), alone.score(table.features))


def test_one_class_and_no_winner(table):
    flat = replace(table, target=np.ones(3_000))
    fitted = share_windows(LightGBM(), flat).fit(np.arange(100), ONES, validation=None, seed=1)
    assert len(set(fitted.score(table.features).tolist())) == 1
    tied = replace(table, target=np.full(3_000, 0.5))
    with pytest.raises(BadData, match="at least one row with a winner"):
        share_windows(LightGBM(), tied).fit(np.arange(100), ONES, validation=None, seed=1)
