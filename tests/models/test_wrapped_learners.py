"""A scikit-learn estimator of one's own, from folds to package."""

from dataclasses import replace

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import (
    SelectFromModel,
    SelectKBest,
    SelectPercentile,
    VarianceThreshold,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from edgekeeper import Package, train
from edgekeeper.config import Config, GatesConfig
from edgekeeper.errors import Refused, UsageError
from edgekeeper.models.estimators import wrap
from edgekeeper.models.estimators.compose import supported
from edgekeeper.models.estimators.part import kind_of
from edgekeeper.models.inference import Graph
from edgekeeper.testing.learners import market_like
from edgekeeper.worlds import make_world


def filled(*steps):
    return make_pipeline(SimpleImputer(strategy="median"), *steps)


CASES = [
    DecisionTreeClassifier(max_depth=5),
    RandomForestClassifier(20, max_depth=6),
    filled(ExtraTreesClassifier(20, max_depth=6)),
    filled(GradientBoostingClassifier(n_estimators=30)),
    filled(GradientBoostingClassifier(n_estimators=10, init="zero", subsample=0.5)),
    HistGradientBoostingClassifier(max_iter=30),
    LGBMClassifier(n_estimators=30, verbose=-1),
    LGBMClassifier(n_estimators=30, verbose=-1, boosting_type="dart"),
    XGBClassifier(n_estimators=30),
    XGBClassifier(n_estimators=30, base_score=0.3, num_parallel_tree=2, subsample=0.7),
    filled(StandardScaler(), LogisticRegression(C=0.1)),
    filled(RobustScaler(), "passthrough", LogisticRegressionCV(
        Cs=3, cv=3, l1_ratios=(0.0,), scoring="neg_log_loss", use_legacy_attributes=False)),
    filled(MinMaxScaler(), RidgeClassifier()),
    filled(MaxAbsScaler(), SGDClassifier(loss="log_loss")),
    filled(StandardScaler(), LinearSVC(C=0.1)),
    filled(StandardScaler(), SVC(C=0.5)),
    filled(StandardScaler(), SVC(kernel="linear")),
    filled(StandardScaler(), MLPClassifier((9, 5), max_iter=500, tol=1e-2)),
    filled(StandardScaler(), MLPClassifier((7,), activation="tanh", max_iter=500, tol=1e-2)),
    filled(StandardScaler(), MLPClassifier((3,), activation="logistic", max_iter=500, tol=1e-2)),
    filled(StandardScaler(), MLPClassifier((3,), activation="identity", max_iter=500, tol=1e-2)),
    filled(PCA(3), LinearDiscriminantAnalysis()),
    filled(PCA(4, whiten=True), HistGradientBoostingClassifier(max_iter=20)),
    filled(StandardScaler(), XGBClassifier(n_estimators=20)),
    filled(StandardScaler(), RandomForestClassifier(20, max_depth=6)),
    filled(SelectKBest(k=3), LogisticRegression()),
    filled(SelectPercentile(percentile=50), LogisticRegression()),
    filled(VarianceThreshold(0.01), LogisticRegression()),
    filled(SelectFromModel(LogisticRegression()), LogisticRegression()),
    VotingClassifier(
        [
            ("forest", RandomForestClassifier(20, max_depth=8)),
            ("trees", LGBMClassifier(n_estimators=20, verbose=-1)),
            ("linear", filled(StandardScaler(), LogisticRegression())),
        ],
        voting="soft",
        weights=[1.0, 2.0, 0.5],
    ),
]  # fmt: skip


def named(estimator):
    return wrap(estimator).name


@pytest.fixture(scope="module")
def rows():
    return market_like(800, 6, edge=1.0)


@pytest.fixture(scope="module")
def later():
    features = market_like(3_001, 6, seed=9).features
    features[::3, ::2] = np.nan
    features[1], features[2] = np.nan, np.inf
    return features


@pytest.mark.parametrize("estimator", CASES, ids=named)
def test_the_graph_equals_the_estimator_alone_and_in_batches(estimator, rows, later):
    fitted = wrap(estimator).fit(rows, validation=None, seed=3)
    scores, graph = fitted.score(later), Graph(fitted.to_onnx(6), 6)
    assert np.abs(graph.score(later) - scores).max() <= 1e-6
    assert np.ptp(scores) > 0.1
    one_by_one = np.concatenate([graph.score(later[i : i + 1]) for i in range(300)])
    assert np.array_equal(one_by_one, graph.score(later)[:300])


@pytest.mark.parametrize("estimator", CASES[:14], ids=named)
def test_scores_are_the_librarys_own_answers(estimator, rows):
    """Fitted here by hand, as the library's manual says, with the same seed and weights."""
    learner = wrap(estimator)
    fitted = learner.fit(rows, validation=None, seed=3)
    theirs = fitted._estimator
    x = rows.features.astype(np.float64)
    assert (theirs.predict(x) == (fitted.score(rows.features) > 0.0)).mean() > 0.999
    if hasattr(theirs, "predict_proba"):
        odds = 1.0 / (1.0 + np.exp(-fitted.score(rows.features)))
        assert np.abs(theirs.predict_proba(x)[:, 1] - odds).max() < 2e-6


def test_every_supported_part_was_tried():
    def parts(estimator):
        yield kind_of(estimator)
        for _, part in getattr(estimator, "steps", getattr(estimator, "estimators", ())):
            yield from parts(part)

    tried = {kind for case in CASES for kind in parts(case)} - {"builtins.str"}
    assert tried == set(supported())
    assert len(tried) >= 25


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (KNeighborsClassifier(), "KNeighborsClassifier"),
        (GaussianNB(), "GaussianNB.*LogisticRegression"),
        (make_pipeline(PolynomialFeatures(), LogisticRegression()), "PolynomialFeatures.*PCA"),
        (make_pipeline(ColumnTransformer([]), LogisticRegression()), "ColumnTransformer"),
        (CalibratedClassifierCV(LogisticRegression()), "CalibratedClassifierCV"),
        (VotingClassifier([("a", LogisticRegression())]), "voting='soft'"),
        (VotingClassifier([("a", GaussianNB())], voting="soft"), "GaussianNB"),
        (make_pipeline(SimpleImputer(), StandardScaler()), "StandardScaler.*classifier"),
        (type("Mine", (LogisticRegression,), {})(), "Mine"),
    ],
)
def test_other_parts_are_refused_by_name(estimator, words):
    with pytest.raises(Refused, match=words):
        wrap(estimator)


@pytest.mark.parametrize("thing", [LogisticRegression, "logistic", None, 3])
def test_what_is_no_estimator_is_refused(thing):
    with pytest.raises(UsageError, match="expected an estimator"):
        wrap(thing)


def test_an_estimator_that_cannot_read_gaps_says_how_to_go_on(rows):
    with pytest.raises(Refused, match="SimpleImputer"):
        wrap(LogisticRegression()).fit(rows, validation=None, seed=1)
    whole = replace(rows, features=np.nan_to_num(rows.features))
    with pytest.raises(Refused, match="SimpleImputer"):
        wrap(LogisticRegression()).fit(whole, validation=None, seed=1)


@pytest.mark.parametrize(
    ("estimator", "words"),
    [
        (filled(SVC(kernel="poly")), "rbf"),
        (LGBMClassifier(n_estimators=3, boosting_type="rf", bagging_freq=1, subsample=0.5,
                        verbose=-1), "gbdt"),
        (XGBClassifier(n_estimators=3, booster="dart"), "gbtree"),
        (filled(MinMaxScaler(clip=True), LogisticRegression()), "clip"),
        (make_pipeline(SimpleImputer(add_indicator=True), LogisticRegression()), "indicator"),
        (HistGradientBoostingClassifier(max_iter=3, categorical_features=[5]), "categorical"),
    ],
)  # fmt: skip
def test_settings_without_a_graph_are_refused(estimator, words, rows):
    whole = rows.features.copy()
    whole[:, 5] = np.arange(len(rows)) % 3
    with pytest.raises(Refused, match=words):
        wrap(estimator).fit(replace(rows, features=whole), validation=None, seed=1).to_onnx(6)


def test_weights_count_where_the_estimator_has_them(rows, later):
    turned = np.where(np.arange(len(rows)) < 400, rows.target, 1.0 - rows.target)
    light = replace(rows, target=turned, weight=np.where(np.arange(len(rows)) < 400, 1.0, 1e-9))
    alone = rows.take(np.arange(400))
    learner = wrap(filled(LogisticRegression(C=1e6)))
    assert learner.weighted
    half, all_of_it = (learner.fit(r, validation=None, seed=1) for r in (alone, light))
    assert np.abs(half.score(later) - all_of_it.score(later)).max() > 0.0
    likeness = np.corrcoef(half.score(later[3:]), all_of_it.score(later[3:]))[0, 1]
    assert likeness > 0.9
    assert not wrap(filled(LinearDiscriminantAnalysis())).weighted
    assert wrap(CASES[-1]).weighted is False, "its pipeline takes weights under another name"


def test_seeds_and_parameters(rows, later):
    learner = wrap(RandomForestClassifier(10, n_jobs=2), name="mine")
    one, same, other = (
        learner.fit(rows, validation=None, seed=seed).score(later) for seed in (1, 1, 2)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    fixed = wrap(RandomForestClassifier(10, random_state=4))
    assert np.array_equal(
        *(fixed.fit(rows, validation=None, seed=seed).score(later) for seed in (1, 2))
    )
    assert learner.name == "mine"
    assert learner.parameters()["n_estimators"] == 10
    assert learner.parameters()["weighted"] is True
    assert learner.estimator.n_jobs == 2, "the estimator given is left alone"
    nested = wrap(CASES[-1]).parameters()
    assert nested["forest"] == "sklearn.RandomForestClassifier"
    assert nested["forest__max_depth"] == 8


@pytest.mark.parametrize("name", ["two words", "a/b", "x" * 61])
def test_names_that_will_not_do_are_refused(name):
    with pytest.raises(UsageError, match="expected a name"):
        wrap(RandomForestClassifier(), name=name)


def test_training_takes_an_estimator_to_a_package(tmp_path):
    estimator = filled(StandardScaler(), LogisticRegression(C=0.01))
    bars = make_world("planted", seed=4, symbols=3, bars=520, net_sharpe=6.0).bars
    config = Config(gates=GatesConfig(min_samples=50))
    trained = train(
        bars, learner=wrap(estimator), features=("returns",), config=config, out=tmp_path
    )
    manifest = Package.load(trained.folder).manifest
    assert manifest.learner == "SimpleImputer-StandardScaler-LogisticRegression"
    assert manifest.parameters["logisticregression__C"] == 0.01
    assert manifest.parity.largest_difference < 1e-9
    assert manifest.parity.rows > 1_000


def test_one_class_and_no_rows(rows, later):
    learner = wrap(RandomForestClassifier(3))
    constant = learner.fit(replace(rows, target=np.ones(len(rows))), validation=None, seed=1)
    assert np.ptp(constant.score(later)) == 0.0
    assert learner.fit(rows, validation=None, seed=1).score(later[:0]).shape == (0,)
