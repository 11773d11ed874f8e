"""A study on file gives back what it was given, to the bit, and nothing else is taken for one."""

import math

import numpy as np
import pytest

from edgekeeper.errors import BadData, StorageError
from edgekeeper.models.learners import Span
from edgekeeper.train import FoldScore, Tried
from edgekeeper.workbench.study_file import StudyFile

SPACE = {"rate": Span(0.01, 0.3, log=True), "depth": Span(1, 9, whole=True)}


def score(seed):
    rng = np.random.default_rng(seed)
    return FoldScore(rng.random(), 1.0 + rng.random(), rng.standard_normal(5))


TRIED = [
    Tried({}, (score(0), score(1))),
    Tried({"rate": 0.1 / 3.0, "depth": 4}, (score(2), score(3))),
    Tried({"rate": math.nextafter(0.2, 1.0), "depth": 9}, (score(4),), pruned=True),
]


@pytest.mark.parametrize("name", ["study.journal", "study.sqlite"])
def test_what_is_written_comes_back_to_the_bit(tmp_path, name):
    place = tmp_path / "new" / name
    first = StudyFile(place, "a", SPACE)
    assert first.read() == []
    first.append(TRIED[:1])
    first.append(TRIED[1:])
    for one, other in zip(StudyFile(place, "a", SPACE).read(), TRIED, strict=True):
        assert (dict(one.changes), one.pruned) == (dict(other.changes), other.pruned)
        for back, given in zip(one.scores, other.scores, strict=True):
            assert (back.loss, back.weight) == (given.loss, given.weight)
            assert np.array_equal(back.blocks, given.blocks)
    assert StudyFile(place, "another", SPACE).read() == []


def test_two_writers_of_one_study_are_told_apart(tmp_path):
    one, other = (StudyFile(tmp_path / "s.journal", "a", SPACE) for _ in range(2))
    one.read(), other.read()
    one.append(TRIED[:1])
    with pytest.raises(StorageError, match="another process writes"):
        other.append(TRIED[:1])


def test_trials_of_someone_else_are_refused(tmp_path):
    import optuna

    place = str(tmp_path / "s.sqlite")
    StudyFile(place, "a", SPACE)
    study = optuna.load_study(study_name="a", storage=f"sqlite:///{place}")
    for attributes in ({}, {"scores": [[1.0, 2.0]]}, {"scores": "x"}, {"scores": []}):
        study.add_trial(optuna.trial.create_trial(value=1.0, user_attrs=attributes))
        with pytest.raises(BadData, match="expected"):
            StudyFile(place, "a", SPACE).read()
