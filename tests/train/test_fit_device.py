"""A fit's device: who is told, what is refused, what stands in the manifest; no card is needed."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from edgekeeper.config import Config, LineConfig, SearchConfig, parse_config
from edgekeeper.errors import UsageError
from edgekeeper.models.learners import Logistic, XGBoost
from edgekeeper.rollout import recipe_of
from edgekeeper.train import fit_model, make_learner, search_parameters

from .conftest import LINEAR

ONE_MEMBER = {"members": "lightgbm", "weights": ""}


def on_a_card(line, **changes):
    return line.model_copy(update={"device": "cuda", **changes})


def test_a_device_is_asked_for_and_written_down(workshop):
    asked = []

    @dataclass(frozen=True)
    class Anywhere(Logistic):
        """A learner of one's own that says it can use a card."""

        name = "anywhere"
        devices = ("cpu", "cuda")

        def fit(self, rows, *, validation, seed):
            asked.append((rows.device, validation.device))
            return super().fit(rows, validation=validation, seed=seed)

    data = workshop.data(LINEAR)
    rows = data.known_rows(workshop.now)
    here, there = (
        fit_model(data, rows, line, workshop.config, seed=1, learner=Anywhere())
        for line in (LINEAR, on_a_card(LINEAR))
    )
    assert asked == [("cpu", "cpu"), ("cuda", "cuda")]
    assert "device" not in here.parameters
    told = {"fitted_on": {"anywhere": "cuda"}, "deterministic": False}
    assert dict(there.parameters) == {**here.parameters, "device": told}


@pytest.mark.parametrize("rule", ["random", "optuna"])
def test_a_search_fits_there_as_well(workshop, monkeypatch, rule):
    asked = set()

    def fit(self, rows, *, validation, seed):
        asked.add((rows.device, validation.device))
        return Logistic().fit(replace(rows, device="cpu"), validation=validation, seed=seed)

    monkeypatch.setattr(XGBoost, "fit", fit)
    search = SearchConfig(rule=rule, trials=2, rows=200)
    line = on_a_card(LINEAR, learner="xgboost", search=search)
    data = workshop.data(line)
    search_parameters(data, data.known_rows(workshop.now), line, workshop.config, seed=1)
    assert asked == {("cuda", "cuda")}


def test_a_device_that_no_part_can_use_is_refused(workshop):
    line = LineConfig(name="mine", learner="logistic", device="cuda")
    with pytest.raises(UsageError, match=r"lines\.mine\.device: logistic is fitted on the proc"):
        make_learner(line)
    with pytest.raises(UsageError, match="lstm, multi_task, xgboost"):
        make_learner(line.model_copy(update={"learner": "vote", "parameters": ONE_MEMBER}))
    for able in ("xgboost", "lstm", "multi_task", "stack"):
        make_learner(line.model_copy(update={"learner": able}))
    data = workshop.data(LINEAR)
    with pytest.raises(UsageError, match="processor alone"):
        fit_model(data, np.arange(500), line, workshop.config, seed=1, learner=Logistic())


def test_a_device_is_no_part_of_the_recipe_and_the_processor_leaves_no_trace():
    here, there = (LineConfig(name="a", learner="xgboost", device=d) for d in ("cpu", "cuda"))
    assert "device" not in here.model_dump()
    assert there.model_dump()["device"] == "cuda"
    assert recipe_of(here, Config()) == recipe_of(there, Config())
    assert Config(lines=(here,)).hash() != Config(lines=(there,)).hash()
    with pytest.raises(UsageError, match=r"lines\.0\.device"):
        parse_config({"lines": [{"name": "a", "device": "gpu"}]})
