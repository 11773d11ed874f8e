"""A search is a function of past rows, recipe and seed, and its first trial is the recipe."""

from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.config import SearchConfig
from edgekeeper.models import LEARNERS, share_fits
from edgekeeper.train import make_learner, search_parameters
from edgekeeper.train.search import _choose
from edgekeeper.train.search_folds import SearchFold

RULE = SearchConfig(trials=6, rows=200)


@pytest.fixture(scope="module", params=["trees", "linear"])
def line(request, workshop):
    by_name = {line.name: line for line in workshop.lines}
    return by_name[request.param].model_copy(update={"search": RULE})


def search(workshop, line, data=None, seed=3):
    data = data or workshop.data(line)
    rows = data.known_rows(workshop.now)
    return search_parameters(data, rows, line, workshop.config, seed=seed)


def test_the_same_rows_and_seed_give_the_same_trials(workshop, line):
    first, second = search(workshop, line), search(workshop, line)
    assert first.chosen == second.chosen
    for one, other in zip(first.trials, second.trials, strict=True):
        assert (one.parameters, one.loss) == (other.parameters, other.loss)
        assert np.array_equal(one.profile, other.profile)
    assert search(workshop, line, seed=4).trials[1].parameters != first.trials[1].parameters


def test_the_recipe_itself_is_the_first_trial_and_all_lie_in_the_space(workshop, line):
    found = search(workshop, line)
    assert len(found.trials) == RULE.trials
    assert found.trials[0].parameters == make_learner(line).parameters()
    space = LEARNERS[line.learner].space()
    free = set(space) - set(line.parameters)
    for trial in found.trials[1:]:
        assert all(trial.parameters[name] in space[name] for name in free)
        assert all(trial.parameters[name] == value for name, value in line.parameters.items())
    assert len({str(sorted(trial.parameters.items())) for trial in found.trials}) == RULE.trials


def test_what_comes_later_changes_nothing(workshop, line):
    whole = search(workshop, line)
    for how in ("gone", "shuffled", "invented"):
        bars = workshop.other_future(workshop.bars, workshop.cut, how)
        other = search(workshop, line, workshop.data(line, bars))
        assert [t.loss for t in other.trials] == [t.loss for t in whole.trials], how


def test_a_candidate_searches_outside_its_hold_out_and_uses_the_choice(workshop, line):
    data = workshop.data(line)
    made = workshop.candidate(line, data=data, search_seed=5)
    cut = data.labels.start_time[made.hold_out].min()
    older = made.rows[data.labels.end_time[made.rows] < cut]
    alone = search_parameters(data, older, line, workshop.config, seed=5)
    assert [t.loss for t in alone.trials] == [t.loss for t in made.searched.trials]
    chosen = made.searched.trials[made.searched.chosen].parameters
    assert made.judged.parameters == made.shipped.parameters == chosen
    assert workshop.candidate(line, data=data).searched is None


@pytest.mark.parametrize("target", ["direction", "relative"])
def test_a_configuration_is_scored_by_what_its_learner_is_told(workshop, line, target):
    asked = line.model_copy(update={"target": target})
    data = workshop.data(asked)
    rows = data.known_rows(workshop.now)
    fit, later = rows[:600], rows[620:]
    if target == "relative":  # all of a bar reached the same barrier: nobody did better
        direction = data.tasks.direction.copy()
        direction[later[30:60]] = 0.5
        data = replace(data, tasks=replace(data.tasks, direction=direction))
    weight = np.zeros(len(data.bars))
    weight[rows] = data.uniqueness(rows)
    learner = make_learner(asked)
    found = SearchFold(data, asked, fit, later, weight, 10).score(learner, 5)
    told = data.training_rows(later, weight)
    shared = share_fits(type(learner), data.training_rows(fit, weight), told)
    loss = np.logaddexp(0.0, (1.0 - 2.0 * told.target) * shared.score(learner, 5))
    assert found.loss == pytest.approx(float(told.weight @ loss / told.weight.sum()))


def test_another_trial_is_chosen_only_beyond_the_standard_error():
    rng = np.random.default_rng(1)
    noise = 0.1 * rng.standard_normal(12)
    clearly_better = np.array([np.zeros(12), noise - 0.2])
    hardly_better = np.array([np.zeros(12), noise - noise.mean() - 0.01])
    assert _choose(clearly_better).chosen == 1
    assert _choose(hardly_better).chosen == 0
    assert _choose(-clearly_better).chosen == 0
    assert _choose(np.array([[1.0], [0.0]])).chosen == 0  # one block tells no error
