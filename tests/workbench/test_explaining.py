"""One bar's score taken apart: against what is usual, or against the other symbols of the bar."""

import numpy as np
import pytest

from edgekeeper.config import Config, LineConfig
from edgekeeper.errors import BadData
from edgekeeper.features import evaluate
from edgekeeper.models import DataWindow, Lineage, Provenance, build_package, load_package
from edgekeeper.train import TrainingData, feature_set_of, fit_model
from edgekeeper.workbench.explaining import explain_signal
from edgekeeper.worlds import make_world


@pytest.fixture(scope="module")
def bars():
    return make_world("planted", seed=4, symbols=4, bars=420, net_sharpe=8.0).bars


@pytest.fixture(scope="module", params=["logistic", "lightgbm"])
def made(request, bars):
    """A package that compares symbols, and its graph."""
    line = LineConfig(name="a", learner=request.param, features=("oscillators",), target="relative")
    config = Config()
    features, _ = feature_set_of(line, bars)
    data = TrainingData.prepare(bars, features, config, target="relative")
    rows = data.known_rows(int(bars.instants[-1]))
    model = fit_model(data, rows, line, config, seed=1)
    provenance = Provenance(0, "0", Lineage("a"), DataWindow(0, 1, 1, ("A",), "00"))
    sealed = build_package(
        model,
        provenance,
        features=data.matrix[rows],
        volatility=data.volatility[rows],
        event_time=bars.event_time[rows],
    )
    return load_package(sealed.files), sealed.files["model.onnx"]


@pytest.mark.parametrize("instant", [-1, 300])
def test_scores_of_a_bar_are_told_from_their_mean(made, bars, instant):
    package, graph = made
    at = int(bars.instants[instant])
    found = [
        explain_signal(package, bars, Config(), symbol=symbol, at_ns=at, graph=graph)
        for symbol in bars.symbols
    ]
    told = np.array([one.attribution.score for one in found])
    assert all(one.time_ns == at for one in found)
    assert [one.attribution.base for one in found] == [0.0] * 4
    assert told.sum() == pytest.approx(0.0, abs=1e-9)
    assert np.abs(told).max() > 1e-3
    for one in found:
        parts = sum(part.adds for part in one.attribution.parts)
        assert parts == pytest.approx(one.attribution.score, abs=1e-9)
    bar = bars.event_time == at
    features, _ = feature_set_of(LineConfig(name="a", features=("oscillators",)), bars)
    volatility = evaluate(package.manifest.volatility, bars)[bar]
    said = package.forecast(features.matrix(bars)[bar], volatility, bars.event_time[bar])
    leaning = said.expected_return[:, 0] - said.expected_return[:, 1]
    assert (np.sign(leaning) == np.sign(told)).all()


def test_a_bar_without_a_volatility_is_refused_with_what_to_do(made, bars):
    package, graph = made
    for instant in (0, 3):
        with pytest.raises(BadData, match=r"SIM000: expected a known .*; name a later time"):
            explain_signal(
                package,
                bars,
                Config(),
                symbol="SIM000",
                at_ns=int(bars.instants[instant]),
                graph=graph,
            )
