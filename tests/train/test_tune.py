"""A search by Optuna depends on rows, recipe and seed, and on nothing that happens meanwhile."""

import numpy as np
import pytest

from edgekeeper.config import SearchConfig
from edgekeeper.errors import BadData, Refused, UsageError
from edgekeeper.models.learners import LEARNERS, Span
from edgekeeper.train import importance_of, make_learner, search_parameters, tuned_space

RULE = SearchConfig(rule="optuna", trials=14, rows=200, batch=4)


class Memory:
    """A history that can be cut short."""

    def __init__(self, tried=()):
        self.tried = list(tried)

    def read(self):
        return list(self.tried)

    def append(self, tried):
        self.tried.extend(tried)


@pytest.fixture(scope="module", params=["trees", "linear"])
def line(request, workshop):
    by_name = {line.name: line for line in workshop.lines}
    return by_name[request.param].model_copy(update={"search": RULE})


def search(workshop, line, *, data=None, seed=3, **options):
    data = data or workshop.data(line)
    rows = data.known_rows(workshop.now)
    return search_parameters(data, rows, line, workshop.config, seed=seed, **options)


@pytest.fixture(scope="module")
def whole(workshop, line):
    history = Memory()
    return search(workshop, line, history=history), history


def assert_same(one, other):
    assert (one.chosen, one.best, one.gain) == (other.chosen, other.best, other.gain)
    assert len(one.trials) == len(other.trials)
    for a, b in zip(one.trials, other.trials, strict=True):
        assert (a.parameters, a.loss, a.pruned) == (b.parameters, b.loss, b.pruned)
        assert np.array_equal(a.profile, b.profile)


def test_three_workers_find_what_one_finds(workshop, line, whole):
    assert_same(search(workshop, line, jobs=3), whole[0])


@pytest.mark.parametrize("killed_after", [1, 6, 9])
def test_taken_up_again_it_goes_on_as_if_never_stopped(workshop, line, whole, killed_after):
    found, history = whole
    cut = Memory(history.tried[:killed_after])
    assert_same(search(workshop, line, history=cut, jobs=2), found)
    assert [one.changes for one in cut.tried] == [one.changes for one in history.tried]


def test_a_finished_search_fits_nothing_again_and_more_trials_go_on_from_it(
    workshop, line, whole, monkeypatch
):
    found, history = whole
    more = line.model_copy(update={"search": RULE.model_copy(update={"trials": 18})})
    longer = search(workshop, more, history=Memory(history.tried))
    assert [t.loss for t in longer.trials[: RULE.trials]] == [t.loss for t in found.trials]
    monkeypatch.setattr("edgekeeper.train.search_folds.SearchFold.score", None)
    assert_same(search(workshop, line, history=Memory(history.tried)), found)


def test_a_history_of_something_else_is_refused(workshop, line, whole):
    with pytest.raises(BadData, match="another version"):
        search(workshop, line, seed=8, history=Memory(whole[1].tried))


def test_trials_lie_in_the_space_and_named_parameters_are_fixed(line, whole):
    trials = whole[0].trials
    assert len(trials) == RULE.trials
    assert trials[0].parameters == make_learner(line).parameters()
    space = LEARNERS[line.learner].space()
    assert set(whole[0].tuned) == set(tuned_space(line)) == set(space) - set(line.parameters)
    for trial in trials[1:]:
        assert all(trial.parameters[name] in space[name] for name in tuned_space(line))
        assert all(trial.parameters[name] == value for name, value in line.parameters.items())


def test_what_comes_later_changes_nothing(workshop, line, whole):
    for how in ("gone", "shuffled", "invented"):
        bars = workshop.other_future(workshop.bars, workshop.cut, how)
        assert_same(search(workshop, line, data=workshop.data(line, bars)), whole[0])


def test_what_is_worse_than_half_of_the_others_is_given_up_and_never_chosen(workshop):
    line = workshop.lines[0].model_copy(
        update={"search": RULE.model_copy(update={"trials": 30}), "parameters": {"rounds": 15}}
    )
    found, history = search(workshop, line), Memory()
    all_in = line.model_copy(update={"search": line.search.model_copy(update={"prune": False})})
    assert not any(t.pruned for t in search(workshop, all_in, history=history).trials)
    pruned = [place for place, trial in enumerate(found.trials) if trial.pruned]
    assert len(pruned) >= 3
    assert found.chosen not in pruned
    assert found.best not in pruned
    assert all(np.isfinite(found.trials[place].loss) for place in pruned)
    assert {len(one.scores) for one in history.tried} == {RULE.folds}


def test_a_candidate_tuned_this_way_never_reads_its_hold_out(workshop, line):
    data = workshop.data(line)
    made = workshop.candidate(line, data=data, search_seed=5)
    cut = data.labels.start_time[made.hold_out].min()
    bars = workshop.other_future(workshop.bars, int(np.argmax(data.bars.event_time >= cut)), "gone")
    other = workshop.data(line, bars)
    older = other.known_rows(cut - 1)
    assert_same(search_parameters(other, older, line, workshop.config, seed=5), made.searched)


def test_with_nothing_to_tune_there_is_one_trial(workshop):
    line = workshop.lines[1]
    all_named = {name: make_learner(line).parameters()[name] for name in tuned_space(line)}
    fixed = line.model_copy(update={"search": RULE, "parameters": all_named})
    found = search(workshop, fixed)
    assert (len(found.trials), found.chosen, found.tuned) == (1, 0, ())


def test_what_cannot_be_done_is_refused(workshop, line):
    with pytest.raises(UsageError, match="at least one worker"):
        search(workshop, line, jobs=0)
    data = workshop.data(line)
    many = line.model_copy(update={"search": RULE.model_copy(update={"folds": 20})})
    with pytest.raises(Refused, match="line"):
        search_parameters(data, data.known_rows(workshop.now)[:60], many, workshop.config, seed=1)


def test_importance_names_the_parameter_that_matters():
    rng = np.random.default_rng(2)
    space = {"matters": Span(0.1, 1.0, log=True), "idle": Span(1, 9, whole=True)}
    tried = [
        ({"matters": span, "idle": int(rng.integers(1, 10))}, span**2)
        for span in rng.uniform(0.1, 1.0, 30)
    ]
    shares = importance_of(tried, space)
    assert next(iter(shares)) == "matters"
    assert shares["matters"] > 0.9
    assert sum(shares.values()) == pytest.approx(1.0)
    assert importance_of(tried[:2], space) == {}
    assert importance_of([(p, 1.0) for p, _ in tried], space) == {}
