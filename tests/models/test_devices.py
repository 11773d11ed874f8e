"""Where models are calculated: what is asked of libraries, what is refused, what is written down.

What needs a graphics card is skipped without one; it says how near the processor a card has to be.
"""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.errors import Refused, UsageError
from edgekeeper.models import LEARNERS, Augmented, Scaled, build_package, load_package, placed
from edgekeeper.models.devices import CUDA_LIBRARIES, cuda_devices, missing_for_cuda, require_cuda
from edgekeeper.models.ensembles import ENSEMBLES
from edgekeeper.models.inference import Graph
from edgekeeper.models.learners import LEARNERS as SINGLE
from edgekeeper.models.learners import XGBoost, xgboost
from edgekeeper.models.learners.logistic import Logistic
from edgekeeper.models.parity import CUDA_BOUND, check_device
from edgekeeper.models.sessions import session_of
from edgekeeper.testing.learners import market_like

from .conftest import SHELF, needs_torch, provenance, train

ON_A_CARD = {"xgboost": "xgboost", "lstm": "torch", "multi_task": "torch"}
"""Learners that can be fitted there, and with which library."""

CHANCE_OFF, LOSS_OFF = 0.01, 0.005
"""What is asked of a fit on a card against one on the processor, on rows that neither has seen:
mean difference of chances, and difference of log-loss. Chosen before any card was tried."""

no_card = pytest.mark.skipif(cuda_devices() > 0, reason="says what is told without a card")


def needs_card(library):
    return pytest.mark.skipif(bool(why := missing_for_cuda(library)), reason=why)


def asked_for(rows):
    return replace(rows, device="cuda")


# -- what is told ----------------------------------------------------------------------------------


@no_card
@pytest.mark.parametrize("library", CUDA_LIBRARIES)
def test_without_a_card_it_says_what_was_looked_for_and_what_to_do(library):
    with pytest.raises(UsageError) as caught:
        require_cuda(library, "someone")
    for word in ("someone", "no CUDA device", "NVIDIA driver", "nvidia-smi", 'device = "cpu"'):
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("library", "remedy"),
    [("xgboost", "pip uninstall xgboost-cpu"), ("onnxruntime", "onnxruntime-gpu[cuda,cudnn]"),
     pytest.param("torch", "install a build of it", marks=needs_torch)],
)  # fmt: skip
def test_a_library_without_cuda_is_told_with_the_remedy(library, remedy):
    said = CUDA_LIBRARIES[library]()
    assert said == "" or remedy in said


def test_learners_say_which_devices_they_can_use():
    able = {name for name in SINGLE if placed(LEARNERS[name](), "cuda") == {name: "cuda"}}
    assert able == set(ON_A_CARD)
    assert all(set(placed(kind(), "cpu").values()) == {"cpu"} for kind in LEARNERS.values())


def test_ensembles_say_it_of_each_part():
    vote = LEARNERS["vote"](members="lstm, svm, xgboost", weights="")
    assert placed(vote, "cuda") == {"lstm": "cuda", "svm": "cpu", "xgboost": "cuda"}
    assert placed(LEARNERS["stack"](members="logistic"), "cuda")["xgboost"] == "cuda"
    assert set(placed(LEARNERS["components"](), "cuda").values()) == {"cpu"}
    assert placed(LEARNERS["components"](learner="xgboost"), "cuda")["xgboost"] == "cuda"


# -- nothing goes back to the processor unasked ----------------------------------------------------


@no_card
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[needs_torch] if n != "xgboost" else []) for n in ON_A_CARD]
)
def test_a_fit_is_refused_without_a_card(name):
    rows = asked_for(market_like(400, 4, edge=0.5))
    with pytest.raises(UsageError, match=rf"{name}: expected a graphics card"):
        SHELF[name]().fit(rows, validation=None, seed=0)


@no_card
def test_a_member_is_refused_as_well():
    rows = asked_for(market_like(400, 4, edge=0.5))
    with pytest.raises(UsageError, match="xgboost: expected a graphics card"):
        LEARNERS["vote"](members="logistic, xgboost", weights="").fit(rows, validation=None, seed=0)


@no_card
@pytest.mark.filterwarnings("ignore:.*Device is changed from GPU to CPU")
def test_an_xgboost_that_goes_back_to_the_processor_is_refused(monkeypatch):
    """Without the question beforehand, the library itself moves the fit, with a warning."""
    monkeypatch.setattr(xgboost, "require_cuda", lambda library, who: None)
    rows = asked_for(market_like(400, 4, edge=0.5))
    with pytest.raises(UsageError, match="expected a fit on cuda, got one on cpu"):
        XGBoost(rounds=2).fit(rows, validation=None, seed=0)


@no_card
def test_a_package_is_refused_without_a_card(package):
    with pytest.raises(UsageError, match="package: expected a graphics card"):
        load_package(package.files, "cuda")
    assert load_package(package.files).probe_difference() == 0.0


def test_a_package_is_served_by_the_processor(model):
    session = session_of(model.fitted.to_onnx(len(model.features)))
    assert session.get_providers() == ["CPUExecutionProvider"]


def test_a_card_that_scores_otherwise_is_refused():
    here = np.linspace(-1.0, 1.0, 14)
    check_device(here, here + 0.9 * CUDA_BOUND, "cuda")
    for wrong in (here + 2.0 * CUDA_BOUND, here * np.nan):
        with pytest.raises(Refused, match="scores on cuda within"):
            check_device(here, wrong, "cuda")


# -- what is handed over ---------------------------------------------------------------------------


def test_the_processor_is_asked_as_ever():
    here, there = (XGBoost()._options(7, device) for device in ("cpu", "cuda"))
    assert "device" not in here
    assert there == here | {"device": "cuda"}
    assert there["tree_method"] == "hist"


def test_rows_made_of_rows_are_for_the_same_device():
    rows = asked_for(market_like(50, 3))
    assert rows.take(np.arange(10)).device == "cuda"
    assert replace(rows, weight=np.ones(50)).device == "cuda"
    assert market_like(50, 3).take(np.arange(10)).device == "cpu"


@pytest.fixture
def seen(monkeypatch):
    """Devices of the rows that XGBoost is given, wherever it stands; another fits them."""
    devices = []

    def fit(self, rows, *, validation, seed):
        devices.append(rows.device)
        return Logistic().fit(replace(rows, device="cpu"), validation=validation, seed=seed)

    monkeypatch.setattr(XGBoost, "fit", fit)
    return devices


@pytest.mark.parametrize("name", ENSEMBLES)
def test_every_member_of_an_ensemble_is_told(name, seen):
    settings = {"components": {"learner": "xgboost"}, "vote": {"weights": ""}}
    chosen = settings.get(name, {})
    if name != "components":
        chosen = {**chosen, "members": "xgboost, logistic"}
    rows = asked_for(replace(market_like(600, 4, edge=0.5), names=("rsi", "obv", "b", "c")))
    LEARNERS[name](**chosen).fit(rows, validation=None, seed=0)
    assert set(seen) == {"cuda"}


@pytest.mark.parametrize("step", ["scaled", "bootstrap", "smote"])
def test_steps_before_a_learner_pass_it_on(step, seen):
    from edgekeeper.config import AugmentationConfig

    made = XGBoost()
    rule = AugmentationConfig(by=step) if step != "scaled" else None
    learner = Scaled(made, "robust") if rule is None else Augmented(made, rule)
    learner.fit(asked_for(market_like(600, 4, edge=0.5)), validation=None, seed=0)
    assert seen == ["cuda"]


@needs_torch
def test_nets_are_made_where_the_block_says():
    """PyTorch's device without memory stands for any other than the processor's."""
    import torch

    from edgekeeper.models.learners.lstm_net import RecurrentNet
    from edgekeeper.models.learners.torch_training import tensor
    from edgekeeper.models.learners.trunk_net import Trunk

    random = np.random.default_rng(0)
    with torch.device("meta"):
        net = RecurrentNet(random, 3, 8, 2, 5, 0.0, dropout=0.5)
        trunk = Trunk(random, 3, 8, 0.0, dropout=0.5)
        weights = [*net.shrinking, *net.free, *trunk.shrinking, *trunk.free]
        assert {weight.device.type for weight in weights} == {"meta"}
        assert all(weight.is_leaf and weight.requires_grad for weight in weights)
        scores = net.score(tensor(np.zeros((4, 5, 3))), training=True)
        outputs = trunk.outputs(tensor(np.zeros((4, 3))), training=True)
        loss = trunk.weighed(outputs, scores.mean(), np.zeros((4, 2)), tensor(np.ones(4)), 1.0)
    assert {scores.device.type, outputs.device.type, loss.device.type} == {"meta"}


@needs_torch
def test_settings_of_torch_are_put_back(monkeypatch):
    import os

    import torch

    from edgekeeper.models.learners.torch_training import _on_cuda

    before = torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic
    monkeypatch.setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with _on_cuda():
        assert not torch.backends.cudnn.allow_tf32
        assert torch.backends.cudnn.deterministic
    assert (torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic) == before
    assert torch.get_default_device().type == "cpu"
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8", "what somebody has set stays"


# -- on a card -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=needs_card(library)) for n, library in ON_A_CARD.items()]
)
def test_a_fit_on_a_card_is_as_good_and_is_served_as_it_is(name):
    # Without draws of rows and columns, XGBoost has the same to look at on both.
    learner = XGBoost(row_share=1.0, feature_share=1.0) if name == "xgboost" else SHELF[name]()
    steps = getattr(learner, "look_back", 1)
    rows, stop, later = (
        market_like(size, 6 * steps, edge=0.5, seed=i)
        for i, size in enumerate((4_000, 1_000, 4_000))
    )
    here = learner.fit(rows, validation=stop, seed=1).score(later.features)
    fitted = learner.fit(asked_for(rows), validation=stop, seed=1)
    there = fitted.score(later.features)
    chances = [1.0 / (1.0 + np.exp(-score)) for score in (here, there)]
    assert np.abs(chances[0] - chances[1]).mean() < CHANCE_OFF
    losses = [np.mean(np.logaddexp(0.0, s) - later.target * s) for s in (here, there)]
    assert abs(losses[0] - losses[1]) < LOSS_OFF
    width = later.features.shape[1]
    served = Graph(fitted.to_onnx(width), width).score(later.features)
    np.testing.assert_allclose(served, there, rtol=0.0, atol=1e-6)
    again = learner.fit(asked_for(rows), validation=stop, seed=1).score(later.features)
    assert np.abs(1.0 / (1.0 + np.exp(-again)) - chances[1]).mean() < CHANCE_OFF


@needs_card("onnxruntime")
@pytest.mark.parametrize("name", ["lightgbm", "mlp", "logistic", "svm"])
def test_a_package_forecasts_the_same_on_a_card(name, rows):
    files = build_package(train(name), provenance(), features=rows[0], volatility=rows[1]).files
    here, there = load_package(files), load_package(files, "cuda")
    np.testing.assert_allclose(there.score(rows[0]), here.score(rows[0]), rtol=0.0, atol=CUDA_BOUND)


@needs_torch
@needs_card("onnxruntime")
@pytest.mark.parametrize("name", ["lstm", "multi_task"])
def test_a_net_forecasts_the_same_on_a_card(name, rows):
    fitted = train(name).fitted
    width = rows[0].shape[1]
    here, there = (Graph(fitted.to_onnx(width), width, where) for where in ("cpu", "cuda"))
    np.testing.assert_allclose(there.score(rows[0]), here.score(rows[0]), rtol=0.0, atol=CUDA_BOUND)
