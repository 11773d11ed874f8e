"""What is chosen on the past is chosen from nothing else, and every look is counted."""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.config import parse_config
from edgekeeper.errors import UsageError
from edgekeeper.workbench.walk_forward import settings_around, walk_forward


def chosen(story):
    return [(one.setting, one.promised_sharpe) for one in story.windows]


@pytest.fixture(scope="module")
def story(history):
    return walk_forward(history, 100, 4)


def test_every_setting_in_every_window_is_a_trial(story):
    assert (
        story.settings == 27
    )  # three bands, three widths, three sizings; the configuration is among them
    assert story.trials == 4 * story.settings
    assert len(story.windows) == 4
    assert 0.0 <= story.overfitting <= 1.0


def test_windows_follow_each_other_and_leave_a_horizon_free(story, history):
    now, horizon = history.feed.instants, history.config.labels.horizon_bars
    for one in story.windows:
        train_end = int(np.searchsorted(now, one.train_last_ns))
        assert int(np.searchsorted(now, one.test_first_ns)) - train_end > horizon
    for before, after in zip(story.windows, story.windows[1:], strict=False):
        at = int(np.searchsorted(now, before.test_last_ns))
        assert after.test_first_ns == now[at + 1]
    assert story.windows[-1].test_last_ns == now[-1]
    assert len(story.equity) == len(story.time_ns) == len(story.untuned_equity)


@pytest.mark.parametrize("window", [0, 2, 3])
def test_garbling_the_test_window_changes_no_choice_made_before_it(story, history, window):
    """Prices, volumes and forecasts from the test window on are others; choices are not."""
    begins = story.windows[window].test_first_ns
    late = history.bars.event_time >= begins
    rng = np.random.default_rng(window)
    factor = np.where(late, np.exp(0.5 * rng.standard_normal(len(late))), 1.0)
    bars = history.bars
    garbled_bars = Bars.from_arrays(
        symbol=np.asarray(bars.symbols)[bars.symbol],
        event_time=bars.event_time,
        known_time=bars.known_time,
        volume=bars.volume * factor,
        **{name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")},
    )
    prices = history.feed.prices * factor[:, None]
    feed = type(history.feed)(
        garbled_bars, np.where(late, 0.5, history.feed.volatility), history.feed.rule,
        max_age_ns=10**9,
    )  # fmt: skip
    np.testing.assert_allclose(feed.prices, prices)
    probability = history.forecasts.probability.copy()
    probability[late] = rng.random(probability[late].shape)
    forecasts = replace(history.forecasts, probability=probability)
    other = walk_forward(
        replace(history, bars=garbled_bars, feed=feed, forecasts=forecasts), 100, 4
    )
    assert chosen(other)[: window + 1] == chosen(story)[: window + 1]
    assert not np.array_equal(other.equity, story.equity)


def test_bars_before_the_first_are_never_looked_at(story, history):
    early = history.bars.event_time < history.feed.instants[100]
    probability = history.forecasts.probability.copy()
    probability[early] = 1.0 - probability[early]
    other = walk_forward(
        replace(history, forecasts=replace(history.forecasts, probability=probability)), 100, 4
    )
    assert chosen(other) == chosen(story)
    np.testing.assert_array_equal(other.equity, story.equity)


def test_the_configuration_itself_is_the_first_setting_and_none_is_tried_twice(config):
    for policy in ({}, {"take_above": 0.7}, {"sizing": "kelly"}):
        given = parse_config({**config.model_dump(), "policy": policy})
        settings = settings_around(given)
        assert len(set(settings)) == len(settings)
        assert settings[0].apply(given) == given


def test_a_model_that_never_trades_leaves_the_configuration_as_it_is(history):
    nothing = replace(
        history.forecasts, expected_return=np.full_like(history.forecasts.expected_return, -1.0)
    )
    story = walk_forward(replace(history, forecasts=nothing), 100, 2)
    assert {one.promised_sharpe for one in story.windows} == {0.0}
    assert (story.equity == history.config.cash).all()


@pytest.mark.parametrize(("first", "windows"), [(100, 0), (100, -1), (480, 2), (500, 1), (100, 50)])
def test_too_few_bars_are_refused(history, first, windows):
    with pytest.raises(UsageError, match="the model has not seen"):
        walk_forward(history, first, windows)
