"""The recurrent net: its graph against NumPy, its fit against planted sequences."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from edgekeeper import Package, train
from edgekeeper.config import Config, GatesConfig
from edgekeeper.errors import BadData, Refused, UsageError
from edgekeeper.models.inference import Graph
from edgekeeper.models.learners import LSTM
from edgekeeper.models.learners.constant import ConstantScore
from edgekeeper.models.learners.lstm_net import LSTMScore, RecurrentLayer
from edgekeeper.models.learners.net_inputs import NetInputs
from edgekeeper.models.learners.scaling import RobustScaling
from edgekeeper.testing.learners import market_like
from edgekeeper.types import TrainingRows
from edgekeeper.worlds import make_world

STEPS = 20


def invented(columns=6, hidden=16, layers=1, flags=False, seed=0):
    """A net that was never trained, with weights as large as trained ones."""
    random = np.random.default_rng(seed)

    def weights(*shape):
        return random.uniform(-1.0, 1.0, shape).astype(np.float32) / np.float32(hidden**0.5)

    width = columns * (2 if flags else 1)
    parts = []
    for _ in range(layers):
        shapes = (4 * hidden, width), (4 * hidden, hidden), (8 * hidden,)
        parts.append(RecurrentLayer(*(weights(2, *shape) for shape in shapes)))
        width = 2 * hidden
    scaling = RobustScaling(random.normal(size=columns), random.uniform(0.5, 2.0, columns), 4.0)
    each = (random.normal(size=2 * hidden) for _ in range(3))
    attention, context, newest = each
    position = random.normal(size=STEPS)
    return LSTMScore(
        NetInputs(scaling, flags), tuple(parts), attention, position, context, newest, 0.3
    )


def by_hand(net, features):
    """The same in doubles, gate by gate."""

    def sigmoid(z):
        return 1.0 / (1.0 + np.exp(-z))

    h = net.inputs.apply(features.reshape(len(features), STEPS, -1))
    for layer in net.layers:
        ways = []
        for way, order in enumerate((range(STEPS), reversed(range(STEPS)))):
            inner, recurrent, bias = (
                part[way].astype(np.float64) for part in (layer.inner, layer.recurrent, layer.bias)
            )
            size = recurrent.shape[1]
            state = memory = np.zeros((len(h), size))
            outputs = [state] * STEPS
            for t in order:
                gates = h[:, t] @ inner.T + state @ recurrent.T
                gates = gates + bias[: 4 * size] + bias[4 * size :]
                enter, leave, forget, cell = np.split(gates, 4, axis=1)
                memory = sigmoid(forget) * memory + sigmoid(enter) * np.tanh(cell)
                outputs[t] = state = sigmoid(leave) * np.tanh(memory)
            ways.append(np.stack(outputs, axis=1))
        h = np.concatenate(ways, axis=2)
    share = np.exp(h @ net.attention + net.position)
    share /= share.sum(axis=1, keepdims=True)
    return (share * (h @ net.context)).sum(axis=1) + h[:, -1] @ net.newest + net.base


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"layers": 2},
        {"flags": True},
        {"columns": 1, "hidden": 8},
        {"columns": 60, "hidden": 64},
    ],
)
def test_the_graph_computes_what_the_papers_say(shape):
    net = invented(**shape)
    columns = STEPS * len(net.inputs.scaling.centre)
    features = market_like(300, columns, seed=4).features
    features[::10] = np.nan
    graph = Graph(net.to_onnx(columns), columns)
    expected = by_hand(net, features)
    assert np.ptp(expected) > 0.1
    assert np.abs(graph.score(features) - expected).max() < 3e-6
    assert np.array_equal(net.score(features), graph.score(features))
    for size in (1, 2, 3, 7, 64):
        parts = [graph.score(features[i : i + size]) for i in range(0, 300, size)]
        assert np.array_equal(np.concatenate(parts), graph.score(features))


def test_the_order_of_the_bars_matters():
    net = invented()
    features = market_like(50, STEPS * 6, seed=4).features
    turned = features.reshape(50, STEPS, 6)[:, ::-1].reshape(50, -1)
    assert np.abs(net.score(features) - net.score(np.ascontiguousarray(turned))).min() > 1e-4


def sequences(rows, seed, *, steps=6):
    """Winners that a product of two bars foretells: no bar alone does."""
    random = np.random.default_rng(seed)
    series = random.normal(size=(rows + steps - 1, 2)).astype(np.float32)
    windows = np.concatenate([series[k : k + rows] for k in range(steps)], axis=1)
    push = np.sign(series[steps - 1 :, 0] * series[steps - 2 : -1, 0])
    target = (2.0 * push + random.logistic(size=rows) > 0.0).astype(float)
    return TrainingRows.of(windows, target, np.ones(rows))


@pytest.mark.parametrize("shape", [{}, {"layers": 2, "missing_flags": True}])
def test_it_learns_what_lies_between_bars(shape):
    pytest.importorskip("torch")
    learner = LSTM(look_back=6, hidden=8, batches=300, learning_rate=0.01, patience=9, **shape)
    fitted = learner.fit(sequences(3_000, 0), validation=sequences(500, 1), seed=2)
    later = sequences(2_000, 3)
    assert ((fitted.score(later.features) > 0.0) == (later.target == 1.0)).mean() > 0.75


def test_without_validation_rows_whose_outcome_overlaps_the_last_ones_are_not_fitted_on():
    pytest.importorskip("torch")
    rows = sequences(500, 0)
    newest = (rows.features[:, -1] > 0.0).astype(float)
    rows = replace(rows, target=newest, end_time=rows.end_time + 30)
    learner = LSTM(look_back=6, hidden=8, batches=40, learning_rate=0.01)
    turned = replace(rows, features=rows.features.copy())
    turned.features[371:400] = 9.0  # decided before row 400, known after it
    scores = [
        learner.fit(each, validation=None, seed=1).score(rows.features[:50])
        for each in (rows, turned)
    ]
    assert np.ptp(scores[0]) > 0.1
    assert np.array_equal(*scores)


def test_few_rows_stay_at_the_base_rate():
    pytest.importorskip("torch")
    fitted = LSTM(look_back=6).fit(sequences(99, 0), validation=sequences(50, 1), seed=0)
    assert isinstance(fitted, ConstantScore)


def test_the_process_is_left_as_it_was():
    torch = pytest.importorskip("torch")
    torch.set_num_threads(2)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    LSTM(look_back=6, hidden=8, batches=5).fit(sequences(200, 0), validation=None, seed=0)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == 2
    assert torch.get_deterministic_debug_mode() == 0


def test_a_graph_unlike_the_trained_net_is_refused(monkeypatch):
    pytest.importorskip("torch")
    honest = LSTMScore.score
    monkeypatch.setattr(LSTMScore, "score", lambda self, x: honest(self, x) + 1e-4)
    with pytest.raises(Refused, match="expected a graph within 1e-05"):
        LSTM(look_back=6, hidden=8, batches=5).fit(sequences(200, 0), validation=None, seed=0)


def test_columns_that_are_no_sequence_are_refused():
    rows = market_like(200, 7)
    with pytest.raises(BadData, match="each of 3 steps"):
        LSTM(look_back=3).fit(rows, validation=None, seed=0)
    with pytest.raises(BadData, match="each of 20 steps"):
        invented().score(rows.features)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(UsageError, match=r'lstm: .*pip install "edgekeeper\[deep\]"'):
        LSTM(look_back=6).fit(sequences(200, 0), validation=None, seed=0)


@pytest.mark.parametrize(
    "wrong",
    [{"hidden": 12}, {"look_back": 0}, {"dropout": 1.0}, {"layers": 0}, {"limit": float("nan")},
     {"decay": -1.0}, {"learning_rate": 0.0}, {"missing_flags": 2}],
)  # fmt: skip
def test_parameters_without_sense_are_refused(wrong):
    with pytest.raises(UsageError, match="lstm: expected"):
        LSTM(**wrong)


def test_from_bars_to_a_package_with_the_features_it_asks_for(tmp_path):
    pytest.importorskip("torch")
    bars = make_world("planted", seed=4, symbols=3, bars=520, net_sharpe=6.0).bars
    config = Config(gates=GatesConfig(min_samples=50))
    learner = LSTM(look_back=3, hidden=8, batches=20)
    folder = train(bars, learner=learner, config=config, out=tmp_path).folder
    manifest = Package.load(folder).manifest
    assert manifest.learner == "lstm"
    assert manifest.parameters["look_back"] == 3
    assert manifest.features["ret_1.lag2"] == f"lag({manifest.features['ret_1']}, 2)"
    assert len(manifest.features) % 3 == 0
    assert not {"rsi_14", "minute_of_day_sin"} & set(manifest.features)
    assert manifest.parity.rows > 1_000
    assert manifest.parity.largest_difference < 1e-9
