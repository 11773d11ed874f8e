"""The hidden Markov regime against a fit in log space, known states, and its own promises."""

import numpy as np
import pytest

from edgekeeper.features import OPS, FeatureSet, evaluate
from edgekeeper.testing.ops import check_op, run_op

# What the tests below compare with; docs/features.md is written from it.
REFERENCES = {
    f"markov_{name}": "NumPy, Baum-Welch in logs"
    for name in ("ranging", "trending", "volatile", "label")
}
NAMES = ("markov_ranging", "markov_trending", "markov_volatile")
lse = np.logaddexp.reduce
STATES = {
    2: (np.array([[0.97, 0.03], [0.05, 0.95]]), np.array([[0.5, -4.5], [1.5, -3.6]])),
    3: (
        np.array([[0.97, 0.02, 0.01], [0.03, 0.96, 0.01], [0.02, 0.02, 0.96]]),
        np.array([[0.5, -4.5], [2.0, -4.4], [1.0, -3.5]]),
    ),
}


def draw(states, rows, seed):
    """Series of a known chain whose states are ranging, (trending,) volatile."""
    moves, means = STATES[states]
    rng = np.random.default_rng(seed)
    state = np.zeros(rows, dtype=int)
    for t in range(1, rows):
        state[t] = rng.choice(states, p=moves[state[t - 1]])
    return state, means[state] + rng.standard_normal((rows, 2)) * [0.4, 0.3]


class Plain:
    """Baum & Welch as the textbook has it, all in logarithms, from the same first guess."""

    def __init__(self, window, states):
        self.centre, self.scale = window.mean(axis=0), window.std(axis=0)
        z = (window - self.centre) / self.scale
        self.mean = np.array([[-0.5, -0.5], [0.8, -0.5], [0.0, 1.0]])[[*range(states - 1), 2]]
        self.spread = np.full((states, 2), 0.8)
        self.moves = np.full((states, states), 0.05 / (states - 1))
        np.fill_diagonal(self.moves, 0.95)
        for _ in range(40):
            self.improve(z, states)

    def log_chance(self, z):
        u = (z[:, None, :] - self.mean) / self.spread
        return (-0.5 * u * u - np.log(self.spread)).sum(axis=2)

    def forward(self, z):
        seen, states = self.log_chance(z), len(self.mean)
        ahead = np.empty_like(seen)
        before = np.full(states, -np.log(states))
        for t in range(len(z)):
            ahead[t] = lse(before[:, None] + np.log(self.moves), axis=0) + seen[t]
            before = ahead[t]
        return seen, ahead

    def improve(self, z, states):
        seen, ahead = self.forward(z)
        later = np.zeros_like(seen)
        pairs = np.zeros((states, states))
        for t in range(len(z) - 1, 0, -1):
            step = np.log(self.moves) + seen[t] + later[t]
            joint = ahead[t - 1][:, None] + step
            pairs += np.exp(joint - lse(joint, axis=None))
            later[t - 1] = lse(step, axis=1)
        smooth = np.exp(ahead + later - lse(ahead + later, axis=1, keepdims=True))
        weight = np.maximum(smooth.sum(axis=0), 1.0)[:, None]
        self.mean = smooth.T @ z / weight
        variance = smooth.T @ z**2 / weight - self.mean**2
        self.spread = np.maximum(np.sqrt(np.maximum(variance, 0)), 0.1)
        self.moves = (pairs + 1) / (pairs + 1).sum(axis=1, keepdims=True)

    def filtered(self, rows):
        z = (rows - self.centre) / self.scale
        z[:, 1] = np.minimum(z[:, 1], self.mean[:, 1].max())  # louder than loud is loud
        _, ahead = self.forward(z)
        return np.exp(ahead - lse(ahead, axis=1, keepdims=True))


@pytest.mark.parametrize("states", [2, 3])
def test_equals_a_fit_in_logarithms(states):
    """Between two changes of the key: the fit before them, filtered up to each row."""
    _, z = draw(states, 700, seed=4)
    key = np.where(np.arange(700) < 500, 0.0, 1.0)
    got = np.array([run_op(OPS[n], [*z.T, key], (300.0, float(states))) for n in NAMES])
    assert np.isnan(got[:, :500]).all()
    plain = Plain(z[200:500], states)
    want = plain.filtered(z[200:])[300:]
    loud = int(np.argmax(plain.mean[:, 1]))
    rest = [k for k in range(states) if k != loud]
    trend = max(rest, key=lambda k: plain.mean[k, 0])
    if states == 2 and plain.mean[trend, 0] <= plain.mean[loud, 0]:
        trend = None
    for name, row in enumerate(got):
        mine = [k for k in range(states) if (2 if k == loud else int(k == trend)) == name]
        np.testing.assert_allclose(row[500:], want[:, mine].sum(axis=1), atol=1e-7)
    np.testing.assert_allclose(got[:, 500:].sum(axis=0), 1.0, rtol=1e-12)


@pytest.mark.parametrize("states", [2, 3])
def test_finds_the_states_of_a_known_chain(states):
    state, z = draw(states, 3_000, seed=1)
    key = (np.arange(3_000) // 100).astype(float)
    label = run_op(OPS["markov_label"], [*z.T, key], (500.0, float(states)))
    known = ~np.isnan(label)
    assert known.sum() == 2_500
    truth = state if states == 3 else np.where(state == 1, 2, 0)
    assert (label[known] == truth[known]).mean() > 0.95


@pytest.mark.parametrize("params", [(120.0, 2.0), (260.0, 3.0)])
def test_keeps_the_promises_with_long_windows(params):
    check_op(OPS["markov_label"], params, seed=4)


def test_filtered_not_smoothed_and_free_of_the_start(bars_of):
    bars = bars_of(2, 1_100, seed=2)
    features = FeatureSet({"p": "hidden_volatile(200)", "l": "hidden_regime(200, 2)"})
    whole = features.matrix(bars, np.float64)
    np.testing.assert_array_equal(whole[:1500], features.matrix(bars.rows(0, 1_500), np.float64))
    late = features.matrix(bars.rows(300, len(bars)), np.float64)
    warm = max(features.warm_ups_at(bars.interval_ns))
    assert warm < 350
    same = np.abs(late[2 * warm :] - whole[300:][2 * warm :])
    assert not np.isnan(same).any()
    assert same.max() < 1e-6
    report = features.check(bars)
    assert report.unsteady_values == 0
    assert set(np.unique(whole[~np.isnan(whole[:, 1]), 1])) <= {0.0, 1.0, 2.0}


def test_what_does_not_move_has_no_regime():
    key = (np.arange(400) // 50).astype(float)
    still, x = np.full(400, 3.0), np.random.default_rng(0).standard_normal(400)
    for pair in ([still, x], [x, still]):
        assert np.isnan(run_op(OPS["markov_label"], [*pair, key], (100.0, 3.0))).all()


def test_values_far_outside_the_fit_are_volatile_and_finite():
    _, z = draw(3, 400, seed=3)
    z[350:] = [1.0, 40.0]
    key = (np.arange(400) // 100).astype(float)
    got = run_op(OPS["markov_volatile"], [*z.T, key], (200.0, 3.0))
    assert (got[351:] > 0.99).all()


def test_a_volatile_market_is_called_so(bars_of):
    """On prices: the label follows a spell of threefold volatility."""
    from dataclasses import replace

    bars = bars_of(1, 1_000, seed=5)
    loud = (np.arange(1_000) // 120) % 3 == 2
    moves = np.random.default_rng(3).standard_normal(1_000) * np.where(loud, 0.03, 0.01)
    close = 50 * np.exp(moves.cumsum())
    bars = replace(bars, open=close, high=close * 1.001, low=close * 0.999, close=close)
    label = evaluate("hidden_regime(400, 3)", bars)
    known = ~np.isnan(label)
    assert (label[known & loud] == 2).mean() > 0.7
    assert (label[known & ~loud] == 2).mean() < 0.3
