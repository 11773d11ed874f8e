from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.config import LineConfig
from edgekeeper.errors import Refused, UsageError
from edgekeeper.models import load_package
from edgekeeper.rollout import recipe_of
from edgekeeper.splits import InnerSplitter
from edgekeeper.train import fit_model, make_learner


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"learner": "lightgmb"}, ["unknown learner 'lightgmb'", "did you mean 'lightgbm'"]),
        ({"learner": ""}, ["unknown learner ''", "logistic"]),
        (
            {"learner": "logistic", "parameters": {"rigde": 1.0}},
            ["no parameter 'rigde'", "did you mean 'ridge'"],
        ),
        ({"learner": "logistic", "parameters": {"ridge": -1.0}}, ["positive ridge"]),
        ({"learner": "logistic", "parameters": {"ridge": "much"}}, ["lines.mine.parameters"]),
        ({"learner": "lightgbm", "parameters": {"depth": "deep"}}, ["lines.mine.parameters"]),
        ({"learner": "vote", "parameters": {"members": "svn"}}, ["vote.members", "'svm'"]),
        ({"learner": "vote", "parameters": {"weights": "1, 2"}}, ["vote.weights", "expected 4"]),
        ({"learner": "vote", "parameters": {"weights": "0, 0, 0, 0"}}, ["not all zero"]),
        ({"learner": "vote", "parameters": {"weights": "1, a, 1, 1"}}, ["numbers with commas"]),
        ({"learner": "stack", "parameters": {"settings": "svm.ridge = 1"}}, ["no member"]),
        ({"learner": "stack", "parameters": {"settings": "xgboost.dept = 1"}}, ["'depth'"]),
        ({"learner": "stack", "parameters": {"settings": "xgboost.depth = x"}}, ["a number"]),
        ({"learner": "stack", "parameters": {"settings": "rounds"}}, ["learner.parameter"]),
        ({"learner": "stack", "parameters": {"members": " , "}}, ["got none"]),
        ({"learner": "average", "parameters": {"fits": 0}}, ["average.fits"]),
        ({"learner": "recent", "parameters": {"judged": 1.5}}, ["recent"]),
        ({"learner": "regime", "parameters": {"default": "svm"}}, ["regime.default"]),
        ({"learner": "components", "parameters": {"how": "regimes"}}, ["'regime'"]),
    ],
)
def test_a_learner_with_a_fault_is_refused_by_name(settings, words):
    with pytest.raises(UsageError) as caught:
        make_learner(LineConfig(name="mine", **settings))
    assert all(word in str(caught.value) for word in words)


def test_parameters_reach_the_learner():
    learner = make_learner(LineConfig(name="a", learner="logistic", parameters={"ridge": 5.0}))
    assert learner.parameters()["ridge"] == 5.0
    assert make_learner(LineConfig(name="a", learner="logistic")).parameters()["ridge"] != 5.0


@pytest.mark.parametrize("index", [0, 1])
def test_the_same_fit_twice_is_the_same_model(workshop, index):
    line = workshop.lines[index]
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)
    once, twice = (fit_model(data, rows, line, workshop.config, seed=3) for _ in range(2))
    assert workshop.digest(once, data) == workshop.digest(twice, data)


def test_the_seed_matters_where_chance_does(workshop):
    trees, linear = workshop.lines
    for line, same in ((trees, False), (linear, True)):
        data = workshop.data(line)
        rows = data.known_rows(workshop.now)
        one, two = (fit_model(data, rows, line, workshop.config, seed=s) for s in (3, 4))
        scores = [model.fitted.score(data.matrix[rows]) for model in (one, two)]
        assert np.array_equal(*scores) is same


@pytest.mark.parametrize("index", [0, 1])
def test_a_fit_reads_its_rows_and_no_others(workshop, index):
    """Poison every row that was not asked for: nothing changes."""
    line = workshop.lines[index]
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)[::2]
    expected = workshop.digest(fit_model(data, rows, line, workshop.config, seed=3), data)
    others = np.setdiff1d(np.arange(len(data.bars)), rows)
    matrix, net = data.matrix.copy(), data.labels.net_return.copy()
    matrix[others], net[others] = 1e6, net[others][:, ::-1]
    poisoned = replace(data, matrix=matrix, labels=replace(data.labels, net_return=net))
    found = fit_model(poisoned, rows, line, workshop.config, seed=3)
    assert workshop.digest(found, data) == expected


def test_heads_are_calibrated_on_rows_the_learner_never_saw(workshop):
    """Poisoning the calibration rows changes the heads, and nothing of the learner."""
    line = workshop.lines[0]
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)
    parts = InnerSplitter().split(data.labels.start_time, data.labels.end_time, rows)
    assert data.labels.end_time[parts.fit].max() < data.labels.start_time[parts.stop].min()
    assert data.labels.end_time[parts.stop].max() < data.labels.start_time[parts.calibrate].min()
    net = data.labels.net_return.copy()
    net[parts.calibrate] = net[parts.calibrate][:, ::-1]
    poisoned = replace(data, labels=replace(data.labels, net_return=net))
    one = fit_model(data, rows, line, workshop.config, seed=3)
    two = fit_model(poisoned, rows, line, workshop.config, seed=3)
    count = len(data.features)
    assert one.fitted.to_onnx(count) == two.fitted.to_onnx(count)
    assert workshop.digest(one, data) != workshop.digest(two, data)


def test_the_model_says_what_it_was_made_of(workshop):
    line = workshop.lines[1]
    data = workshop.data(line)
    model = fit_model(data, data.known_rows(workshop.now), line, workshop.config, seed=9)
    assert dict(model.features) == dict(data.features.expressions)
    assert (model.learner, model.seed) == ("logistic", 9)
    assert model.volatility == workshop.config.labels.volatility


@pytest.mark.parametrize("count", [0, 2, 40])
def test_rows_too_few_to_split_are_refused(workshop, count):
    line = workshop.lines[1]
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)[:count]
    with pytest.raises(Refused, match="line linear"):
        fit_model(data, rows, line, workshop.config, seed=1)


STEPS = {
    "learner": "stack",
    "parameters": {"members": "lightgbm, logistic", "settings": "lightgbm.rounds = 10"},
    "features": ("returns", "volume"),
    "selection": {"correlation": 0.9, "by": "importance", "keep": 4, "scaling": "standard"},
    "augmentation": {"by": "bootstrap", "samples": 200},
}


@pytest.fixture(scope="module")
def stepped(workshop):
    line = LineConfig(name="stepped", **STEPS)
    data = workshop.data(line)
    rows = data.known_rows(workshop.now)
    return line, data, rows, fit_model(data, rows, line, workshop.config, seed=3)


def test_a_package_asks_only_for_features_that_were_kept(workshop, stepped):
    _, data, rows, model = stepped
    assert len(model.features) == 4 < len(data.features)
    assert all(data.features.expressions[name] == text for name, text in model.features.items())
    sealed = workshop.sealed(model, data)
    package = load_package(sealed.files)
    place = [list(data.features.expressions).index(name) for name in model.features]
    chosen = rows[-200:]
    whole = model.forecast(data.matrix[chosen], data.volatility[chosen])
    served = package.forecast(data.matrix[chosen][:, place], data.volatility[chosen])
    assert served.probability == pytest.approx(whole.probability, abs=1e-9, nan_ok=True)
    assert np.array_equal(served.novelty, whole.novelty)


def test_the_manifest_says_what_was_chosen_and_how_surely(workshop, stepped):
    line, data, _, model = stepped
    parameters = load_package(workshop.sealed(model, data).files).manifest.parameters
    assert parameters["selection"]["keep"] == line.selection.keep
    assert set(parameters["stability"]) <= set(data.features.expressions)
    assert sum(parameters["stability"].values()) == pytest.approx(4.0)
    assert parameters["found"]["stacked"] is True
    assert parameters["scaling"] == "standard"
    assert parameters["augmentation"]["samples"] == 200


def test_no_step_reads_rows_after_the_fit(workshop, stepped):
    """Poison the calibration rows, and rows that were not asked for: the graph stays."""
    line, data, rows, model = stepped
    parts = InnerSplitter().split(data.labels.start_time, data.labels.end_time, rows)
    others = np.setdiff1d(np.arange(len(data.bars)), np.concatenate((parts.fit, parts.stop)))
    matrix, direction = data.matrix.copy(), data.tasks.direction.copy()
    matrix[others], direction[others] = 1e6, 1.0 - direction[others]
    poisoned = replace(data, matrix=matrix, tasks=replace(data.tasks, direction=direction))
    found = fit_model(poisoned, rows, line, workshop.config, seed=3)
    assert found.fitted.to_onnx(4) == model.fitted.to_onnx(4)
    assert dict(found.features) == dict(model.features)
    assert found.parameters == model.parameters


def test_steps_are_part_of_a_recipe_only_where_they_are_used(workshop):
    plain = recipe_of(LineConfig(name="a"), workshop.config)["line"]
    assert not {"selection", "augmentation", "search"} & set(plain)
    stepped = recipe_of(LineConfig(name="a", selection={"keep": 3}), workshop.config)["line"]
    assert stepped["selection"]["keep"] == 3
