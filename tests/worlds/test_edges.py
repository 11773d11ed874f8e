"""Worlds with an edge: as strong as asked, visible where stated, turning when due."""

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.worlds import make_world, seeds
from edgekeeper.worlds.oracle import calibrate, hold_weights, realised_sharpe

HALF_LIFE_PERSISTENCE = 0.5 ** (1 / 10)


def panel(world, values):
    return values.reshape(-1, len(world.bars.symbols))


def next_session(world):
    """Return of the session after each bar but the last, [T - 1, S]."""
    bars = world.bars
    return panel(world, bars.close / bars.open)[1:] - 1


def slope(x, y):
    """Least squares through the origin, each row weighted by its own scale, and its error."""
    scale = np.abs(y).mean(axis=0)
    x, y = (x / scale).ravel(), (y / scale).ravel()
    estimate = (x @ y) / (x @ x)
    return estimate, (y - estimate * x).std() / np.sqrt(x @ x)


@pytest.mark.parametrize("kind", ["planted", "flip", "slow_drift"])
def test_the_stated_mean_is_the_mean(kind):
    estimates = []
    for seed in seeds("test", 5):
        world = make_world(kind, seed=seed, drift_sharpe=0.0)
        estimate, error = slope(panel(world, world.alpha)[:-1], next_session(world))
        assert abs(estimate - 1) < 4 * error
        estimates.append(estimate)
    assert 0.85 < np.mean(estimates) < 1.15


@pytest.mark.parametrize("net_sharpe", [2.0, 4.0])
def test_the_best_policy_earns_the_sharpe_ratio_asked_for(net_sharpe):
    figures = [
        make_world("planted", seed=seed, net_sharpe=net_sharpe).best_net_sharpe
        for seed in seeds("test", 30)
    ]
    assert np.mean(figures) == pytest.approx(net_sharpe, abs=3 * 0.37 / np.sqrt(30))
    assert np.std(figures) < 0.6


def test_no_neighbouring_policy_does_better_on_average():
    chosen = calibrate(4.0, HALF_LIFE_PERSISTENCE, 8)
    worlds = [make_world("planted", seed=seed, drift_sharpe=0.0) for seed in seeds("test", 12)]
    best = np.mean([world.best_net_sharpe for world in worlds])
    for rate, band in ((1.0, 0.0), (0.08, 0.0), (1.0, 1.1), (0.25, 0.2)):
        figures = []
        for world in worlds:
            state = np.ascontiguousarray(panel(world, world.state))
            aim = panel(world, world.alpha) / chosen.strength
            volatility = np.abs(aim / state)
            weights = hold_weights(state, np.ascontiguousarray(volatility), rate, band)
            figures.append(realised_sharpe(weights, panel(world, world.bars.open)))
        assert np.mean(figures) < best + 0.05


def test_knowing_nothing_earns_nothing():
    world = make_world("planted", seed=seeds("test", 1)[0], drift_sharpe=0.0)
    state = np.ascontiguousarray(panel(world, world.state)[::-1])
    weights = hold_weights(state, np.full(state.shape, 0.016), 0.6, 0.4)
    assert realised_sharpe(weights, panel(world, world.bars.open)) < 1.0


def test_a_stronger_edge_costs_more_strength_and_more_symbols_need_less():
    weak, strong = (calibrate(s, HALF_LIFE_PERSISTENCE, 8).strength for s in (1.0, 4.0))
    assert weak < strong
    assert calibrate(4.0, HALF_LIFE_PERSISTENCE, 20).strength < strong


def visible(world, column, part):
    """Rank-free correlation of a column's surprise with the state, over a part of the history."""
    values = np.log(panel(world, column))
    window = 60
    total = np.cumsum(np.vstack([np.zeros((1, values.shape[1])), values]), axis=0)
    surprise = values[window - 1 :] - (total[window:] - total[:-window]) / window
    state = panel(world, world.state)[window - 1 :]
    pick = slice(*(int(share * len(state)) for share in part))
    return np.corrcoef(surprise[pick].ravel(), state[pick].ravel())[0, 1]


def test_the_volume_shows_the_planted_state_throughout():
    world = make_world("planted", seed=seeds("test", 1)[0])
    for part in ((0, 0.2), (0.8, 1)):
        assert visible(world, world.bars.volume, part) > 0.6
        assert abs(visible(world, world.bars.high / world.bars.low, part)) < 0.15


def test_slow_drift_moves_what_is_visible_from_volume_to_range():
    world = make_world("slow_drift", seed=seeds("test", 1)[0])
    spread = world.bars.high / world.bars.low
    assert visible(world, world.bars.volume, (0, 0.2)) > 0.6
    assert visible(world, world.bars.volume, (0.9, 1)) < 0.3
    assert abs(visible(world, spread, (0, 0.1))) < 0.2
    assert visible(world, spread, (0.8, 1)) > 0.3


def test_flip_turns_at_the_stated_bar_and_not_before():
    world = make_world("flip", seed=seeds("test", 1)[0], flip_at=0.5, drift_sharpe=0.0)
    sign = np.sign(panel(world, world.alpha * world.state))
    # The state at close 1249 moves bar 1250, the first of the second half.
    assert (sign[:1249] == 1).all()
    assert (sign[1249:] == -1).all()
    state = panel(world, np.abs(world.alpha) * np.sign(world.state))[:-1]
    before, _ = slope(state[:1249], next_session(world)[:1249])
    after, _ = slope(state[1249:], next_session(world)[1249:])
    assert before > 0.5
    assert after < -0.5
    assert world.best_net_sharpe > 2.5


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("planted", {"net_sharpe": 0}),
        ("planted", {"net_sharpe": np.nan}),
        ("planted", {"net_sharpe": "4"}),
        ("planted", {"half_life": 0.1}),
        ("planted", {"visibility": -1}),
        ("flip", {"flip_at": 1.0}),
        ("slow_drift", {"turn": 11}),
    ],
)
def test_impossible_options_are_refused(kind, options):
    with pytest.raises(UsageError, match=f"{next(iter(options))}: expected"):
        make_world(kind, seed=1, **options)
