from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.config import SelectionConfig
from edgekeeper.errors import BadData, UsageError
from edgekeeper.models import LEARNERS, Scaled, select_features
from edgekeeper.models.inference import Graph
from edgekeeper.models.selection import RANKINGS
from edgekeeper.testing.learners import market_like

WAYS = (*RANKINGS, "rfe", "rfecv")


def planted(rows=1_200, seed=1, edge=1.0):
    """Columns 0 and 1 tell; 2 is a copy of 0, 3 is constant, the rest are noise."""
    made = market_like(rows, 8, edge=edge, seed=seed)
    made.features[:, 2] = 2.0 * made.features[:, 0] + 1.0
    made.features[:, 3] = 4.0
    return replace(made, names=tuple("abcdefgh"))


def test_all_ways_ran():
    assert set(WAYS) == {"importance", "kbest", "permutation", "rfe", "rfecv", "shap"}


@pytest.mark.parametrize("by", WAYS)
def test_a_planted_feature_is_found_and_copies_are_not_kept(by):
    rule = SelectionConfig(variance=0.0, correlation=0.9, by=by, keep=2)
    chosen = select_features(planted(), rule, seed=3)
    assert 0 in chosen.kept
    assert not {2, 3} & set(chosen.kept.tolist())
    assert len(chosen.kept) <= 2
    assert chosen.stability["a"] == 1.0
    assert "d" not in chosen.stability


@pytest.mark.parametrize("by", [None, *WAYS])
def test_the_same_rows_and_seed_choose_the_same(by):
    rule = SelectionConfig(by=by, keep=3, correlation=0.9)
    one, two = (select_features(planted(600), rule, seed=3) for _ in range(2))
    assert one.kept.tolist() == two.kept.tolist()
    assert one.stability == two.stability


def test_no_feature_is_stable_on_noise():
    """What is chosen by luck changes from fold to fold."""
    rule = SelectionConfig(by="importance", keep=2)
    rows = market_like(1_500, 30, seed=5)
    shares = select_features(rows, rule, seed=1).stability
    assert sum(shares.values()) == pytest.approx(2.0)
    assert len(shares) > 4


def test_what_is_always_kept_is_kept():
    rule = SelectionConfig(by="kbest", keep=1, correlation=0.9, always=("h", "d"))
    assert select_features(planted(), rule, seed=0).kept.tolist() == [0, 3, 7]
    with pytest.raises(UsageError, match="always"):
        select_features(planted(), SelectionConfig(always=("nobody",)), seed=0)


@pytest.mark.parametrize("by", [None, *WAYS])
@pytest.mark.parametrize("case", ["one class", "few", "nothing but NaN", "one row"])
def test_poor_rows_are_survived_or_refused(by, case):
    rows = market_like(200, 5)
    rows = {
        "one class": replace(rows, target=np.ones(200)),
        "few": rows.take(np.arange(12)),
        "nothing but NaN": replace(rows, features=np.full_like(rows.features, np.nan)),
        "one row": rows.take(np.arange(1)),
    }[case]
    rule = SelectionConfig(by=by, keep=2, correlation=0.9)
    assert 1 <= len(select_features(rows, rule, seed=0).kept) <= 5
    if case == "nothing but NaN":
        with pytest.raises(BadData, match="got none"):
            select_features(rows, SelectionConfig(by=by, variance=0.0), seed=0)


@pytest.mark.parametrize("scaling", ["standard", "robust"])
@pytest.mark.parametrize("name", ["lightgbm", "logistic", "svm"])
def test_a_scale_travels_in_the_graph(scaling, name):
    rows = market_like(800, 6, edge=1.0)
    rows.features[:, 1] *= 1e6
    rows.features[::40, 2] = np.inf
    rows.features[:, 3] = 7.0
    learner = Scaled(LEARNERS[name](), scaling)
    fitted = learner.fit(rows, validation=market_like(300, 6, edge=1.0, seed=4), seed=2)
    later = market_like(2_000, 6, seed=9).features
    later[0] = np.nan
    later[1] = 1e38
    packaged = Graph(fitted.to_onnx(6), 6).score(later)
    assert packaged == pytest.approx(fitted.score(later), abs=1e-9)
    assert learner.parameters()["scaling"] == scaling
    assert learner.name == name


def test_an_unknown_scaling_is_refused():
    with pytest.raises(UsageError, match="did you mean 'robust'"):
        Scaled(LEARNERS["svm"](), "robus")
