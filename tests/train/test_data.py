import numpy as np
import pytest

from edgekeeper.config import Config, LineConfig
from edgekeeper.errors import UsageError
from edgekeeper.train import TrainingData, barrier_of, feature_set_of, seed_of


def test_rows_are_known_when_both_outcomes_could_be_read(workshop):
    data = workshop.data(workshop.lines[1])
    rows = data.known_rows(workshop.now)
    labels = data.labels
    naive = [
        row
        for row in range(len(data.bars))
        if data.bars.event_time[row] <= workshop.now
        and (labels.known_time[row] <= workshop.now).all()
        and np.isfinite(labels.net_return[row]).all()
        and data.volatility[row] > 0
    ]
    assert rows.tolist() == naive
    assert 0 < len(rows) < workshop.cut
    # The newest bars are decided, but how their trades end is not known yet.
    assert data.bars.event_time[rows].max() < workshop.now


def test_nothing_is_known_before_the_first_outcome(workshop):
    data = workshop.data(workshop.lines[1])
    assert len(data.known_rows(int(data.bars.instants[0]))) == 0
    assert len(data.known_rows(-1)) == 0


def test_a_window_keeps_the_newest_instants(workshop):
    data = workshop.data(workshop.lines[1])
    every, last = data.known_rows(workshop.now), data.known_rows(workshop.now, 100)
    begins = data.bars.instants[440 - 100]
    assert last.tolist() == every[data.bars.event_time[every] >= begins].tolist()
    assert data.known_rows(workshop.now, 10_000).tolist() == every.tolist()


@pytest.mark.parametrize("target", ["direction", "relative"])
@pytest.mark.parametrize("how", ["gone", "shuffled", "invented"])
def test_what_is_known_does_not_depend_on_the_future(workshop, how, target):
    line = workshop.lines[1].model_copy(update={"target": target})
    whole = workshop.data(line)
    other = workshop.data(line, workshop.other_future(workshop.bars, workshop.cut, how))
    rows = whole.known_rows(workshop.now)
    assert np.array_equal(rows, other.known_rows(workshop.now))
    assert np.array_equal(whole.matrix[rows], other.matrix[rows], equal_nan=True)
    assert np.array_equal(whole.volatility[rows], other.volatility[rows])
    assert np.array_equal(whole.uniqueness(rows), other.uniqueness(rows))
    weight = np.ones(len(whole.bars))
    told = [data.training_rows(rows, weight[: len(data.bars)]) for data in (whole, other)]
    assert np.array_equal(told[0].target, told[1].target)
    assert np.array_equal(told[0].weight, told[1].weight)
    assert set(told[0].target) == {0.0, 1.0}
    one, two = whole.outcomes(rows), other.outcomes(rows)
    assert np.array_equal(one.net_return, two.net_return)
    assert np.array_equal(one.stopped, two.stopped)


def test_a_row_counts_as_much_as_it_was_far_from_its_peers(workshop):
    line = workshop.lines[1]
    plain, data = (
        workshop.data(line.model_copy(update={"target": target}))
        for target in ("direction", "relative")
    )
    assert (plain.emphasis == 1.0).all()
    rows = data.known_rows(workshop.now)
    rows = rows[data.tasks.direction[rows] != 0.5]
    gain = data.labels.net_return[:, 0] - data.labels.net_return[:, 1]
    ahead = (gain / data.volatility).reshape(-1, 3)
    far = np.abs(ahead - ahead.mean(axis=1, keepdims=True)).ravel()[rows] / 2.0 / np.sqrt(10.0)
    assert (far > 1.0).any()
    expected = np.minimum(far, 1.0)
    assert data.emphasis[rows] == pytest.approx(expected)
    weight = np.random.default_rng(0).uniform(0.1, 1.0, len(data.bars))
    told = data.training_rows(rows, weight).weight
    assert told == pytest.approx(weight[rows] * expected / (weight[rows] * expected).mean())
    unknown = np.isnan(data.tasks.direction)
    assert unknown.any()
    assert (data.emphasis[unknown] == 0.0).all()


def test_uniqueness_counts_only_the_rows_that_are_asked_for(workshop):
    data = workshop.data(workshop.lines[1])
    rows = data.known_rows(workshop.now)
    dense, sparse = data.uniqueness(rows), data.uniqueness(rows[:: 3 * 30])
    assert ((dense > 0) & (dense <= 1)).all()
    assert dense.mean() < 0.5
    assert (sparse == 1.0).all()


def test_given_volatility_and_labels_are_used_as_they_are(workshop):
    line = workshop.lines[1]
    bars, data = workshop.bars, workshop.data(line)
    features, _ = feature_set_of(line, bars)
    again = TrainingData.prepare(
        bars, features, workshop.config, volatility=data.volatility, labels=data.labels
    )
    assert again.labels is data.labels
    assert again.volatility is data.volatility
    assert np.array_equal(again.matrix, data.matrix, equal_nan=True)


def test_labels_are_the_brackets_that_orders_carry():
    config = Config()
    barrier = barrier_of(config)
    assert (barrier.horizon, barrier.target, barrier.stop) == (10, 1.0, 1.0)
    assert barrier.costs.side == pytest.approx(5e-4)


def test_a_seed_depends_on_recipe_and_refit_alone():
    assert seed_of(0, "ab", 0) == seed_of(0, "ab", 0)
    seeds = {seed_of(s, r, k) for s in (0, 1) for r in ("ab", "ba") for k in (0, 1, 2)}
    assert len(seeds) == 12
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_features_that_the_bars_cannot_give_are_left_out_and_named(workshop):
    line = LineConfig(name="a", features=("returns",), extra_features={"fear": "VIX.close"})
    features, left_out = feature_set_of(line, workshop.bars)
    assert "fear" not in features.names
    assert left_out == {"fear": ("VIX.close",)}


def test_a_line_may_have_features_of_its_own_alone(workshop):
    line = LineConfig(name="a", features=(), extra_features={"gap": "open / lag(close, 1) - 1"})
    features, left_out = feature_set_of(line, workshop.bars)
    assert features.names == ("gap",)
    assert left_out == {}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"features": ("retuns",)}, "returns"),
        ({"extra_features": {"x": "ema(close,"}}, "'x'"),
        ({"extra_features": {"x": "emma(close, 3)"}}, "ema"),
        ({"features": (), "extra_features": {"x": "VIX.close"}}, "VIX.close"),
    ],
)
def test_features_with_a_fault_name_the_line(workshop, settings, words):
    with pytest.raises(UsageError, match=r"lines\.mine: .*") as caught:
        feature_set_of(LineConfig(name="mine", **settings), workshop.bars)
    assert words in str(caught.value)


def test_a_feature_cannot_replace_one_of_the_catalogue(workshop):
    taken = feature_set_of(LineConfig(name="a", features=("returns",)), workshop.bars)[0].names[0]
    line = LineConfig(name="mine", features=("returns",), extra_features={taken: "close"})
    with pytest.raises(UsageError, match=rf"lines\.mine: .*{taken}.*exist already"):
        feature_set_of(line, workshop.bars)
