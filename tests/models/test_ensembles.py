from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.errors import BadData, UsageError
from edgekeeper.features import FeatureSet
from edgekeeper.models import LEARNERS, look_back_of
from edgekeeper.models.ensembles.by_regime import ByRegime, regime_edges
from edgekeeper.models.ensembles.combined import sigmoid
from edgekeeper.models.ensembles.groups import grouped
from edgekeeper.models.ensembles.meta import gridded
from edgekeeper.models.ensembles.recent import faded
from edgekeeper.models.inference import Graph
from edgekeeper.testing.learners import market_like
from edgekeeper.types import TrainingRows

NAMES = ("rsi_14", "regime_label", "obv_20", "realised_20", "news_sentiment", "trend_r2_20")
QUICK = {"members": "lightgbm, logistic", "settings": "lightgbm.rounds = 20"}


def named(rows=1_500, seed=1, regime=None, edge=1.0):
    made = market_like(rows, len(NAMES), edge=edge, seed=seed)
    kinds = np.random.default_rng(seed).integers(0, 3, rows) if regime is None else regime
    made.features[:, 1] = kinds
    return replace(made, names=NAMES)


def members_of(fitted, rows):
    return fitted.members.scores(rows.features)


def fit(name, rows, **parameters):
    return LEARNERS[name](**parameters).fit(rows, validation=None, seed=1)


def test_a_vote_is_the_weighted_mean_of_chances():
    rows = named(400)
    fitted = fit("vote", rows, **QUICK, weights="3, 1")
    chances = sigmoid(members_of(fitted, rows))
    expected = (3 * chances[:, 0] + chances[:, 1]) / 4
    assert sigmoid(fitted.score(rows.features)) == pytest.approx(expected, abs=1e-12)
    alike = fit("vote", rows, **QUICK, weights="3, 1", tilt=0.0)
    assert sigmoid(alike.score(rows.features)) == pytest.approx(chances.mean(axis=1), abs=1e-12)


def test_the_vote_asked_for_is_the_default():
    parameters = LEARNERS["vote"]().parameters()
    weights = dict(
        zip(parameters["members"].split(", "), parameters["weights"].split(", "), strict=True)
    )
    assert weights == {
        "xgboost": "2",
        "random_forest": "1",
        "gradient_boosting": "1",
        "lightgbm": "1.5",
    }


def test_an_average_is_the_mean_of_scores():
    rows = named(400)
    fitted = fit("average", rows, **QUICK)
    scores = members_of(fitted, rows)
    assert fitted.score(rows.features) == pytest.approx(scores.mean(axis=1), abs=1e-12)
    thrice = fit("average", rows, members="lightgbm", fits=3)
    each = members_of(thrice, rows)
    assert each.shape == (400, 3)
    assert not np.array_equal(each[:, 0], each[:, 1])


def test_a_stack_says_whether_it_is_one():
    rows = named(600)
    assert fit("stack", rows, **QUICK).found == {"stacked": True}
    for uncut in (replace(rows, folds=None), replace(rows, start_time=np.zeros(600, np.int64))):
        assert fit("stack", replace(uncut, end_time=uncut.start_time), **QUICK).found == {
            "stacked": False
        }


def turned():
    """Rows of two regimes: in one, two features together tell all, in the other nothing does."""
    random = np.random.default_rng(4)
    x = random.standard_normal((2_000, 6)).astype(np.float32)
    x[:, 1] = random.integers(0, 2, 2_000)
    side = np.where(x[:, 1] == 0.0, 6.0 * x[:, 2] * x[:, 3], 0.0)
    target = (random.random(2_000) < sigmoid(side)).astype(float)
    plain = TrainingRows.of(x, target, np.ones(2_000))
    return replace(plain, names=NAMES, folds=market_like(1).folds)


@pytest.mark.parametrize("switch", [True, False])
def test_each_regime_has_the_member_that_serves_it(switch):
    """Deep trees find the relation, and believe in noise; the regression does neither."""
    deep = (
        "lightgbm.depth = 8, lightgbm.rows_per_leaf = 3, lightgbm.child_weight = 0.0, "
        "lightgbm.learning_rate = 0.3, lightgbm.ridge = 0.0, lightgbm.rounds = 60"
    )
    parameters = {"members": "lightgbm, logistic", "settings": deep, "default": "logistic"}
    fitted = fit("regime", turned(), **parameters, switch=switch)
    related, noise = np.array(fitted.found["regimes"])
    assert related[0] > 0.9
    assert noise[1] > 0.9
    assert fitted.found["default"] == [0.0, 1.0]
    if switch:
        assert set(related) | set(noise) == {0.0, 1.0}


@pytest.mark.parametrize("case", ["absent", "NaN"])
def test_without_a_regime_the_default_decides(case):
    rows = turned()
    if case == "absent":
        rows = replace(rows, names=())
    later = rows.features[:50].copy()
    later[:, 1] = np.nan
    fitted = fit("regime", rows, **QUICK, default="logistic")
    alone = fitted.members.scores(later)[:, 1]
    assert np.array_equal(fitted.score(later), alone)
    assert Graph(fitted.to_onnx(6), 6).score(later) == pytest.approx(alone, abs=1e-12)


def test_regimes_are_told_apart_at_their_edges():
    column = np.linspace(0.0, 1.0, 300, dtype=np.float32)
    assert regime_edges(column) == pytest.approx([1 / 3, 2 / 3], abs=0.01)
    assert regime_edges(np.full(5, np.nan, np.float32)).tolist() == []
    assert regime_edges(np.ones(5, np.float32)).tolist() == []
    rule = ByRegime(0, np.array([0.5, 1.5]), np.eye(3), np.ones(3) / 3)
    values = np.array([[0.0], [0.5], [0.6], [1.5], [9.0], [np.nan], [np.inf]], np.float32)
    assert rule.regimes(values).tolist() == [0, 0, 1, 1, 2, -1, 2]


def test_recent_outcomes_count_for_more():
    """Who was right last, not who was right longest, gets the weight."""
    weight = faded(np.repeat(np.arange(11), 2), 5.0)
    assert weight[[-1, -11, 0]] == pytest.approx([1.0, 0.5, 0.25])
    random = np.random.default_rng(4)
    x = random.standard_normal((3_000, 3)).astype(np.float32)
    crossed = np.arange(3_000) >= 2_700
    side = np.where(crossed, 3.0 * x[:, 0] * x[:, 1], x[:, 2])
    rows = TrainingRows.of(
        x, (random.random(3_000) < sigmoid(2.0 * side)).astype(float), np.ones(3_000)
    )
    long, short = (
        np.array(fit("recent", rows, **QUICK, half_life=h, sharpness=20.0).found["weights"])
        for h in (1e6, 30.0)
    )
    assert abs(long[0] - short[0]) > 0.1


def test_features_go_to_their_components():
    found = grouped(NAMES, 6)
    assert {group: [NAMES[i] for i in columns] for group, columns in found.items()} == {
        "technical": ["rsi_14", "regime_label", "trend_r2_20"],
        "news": ["news_sentiment"],
        "volume": ["obv_20"],
        "risk": ["realised_20"],
    }
    for catalogue, group in {"sentiment": "news", "volume": "volume", "volatility": "risk"}.items():
        names = tuple(FeatureSet.from_catalogue(catalogue).expressions)
        share = len(grouped(names, len(names)).get(group, ())) / len(names)
        assert share > 0.7, f"{catalogue}: {share}"


@pytest.mark.parametrize(
    ("regime", "weights"),
    [
        (0.0, [0.4, 0.4, 0.1, 0.1]),
        (1.0, [0.5, 0.3, 0.2, 0.0]),
        (2.0, [0.3, 0.1, 0.4, 0.2]),
        (np.nan, [0.4, 0.3, 0.2, 0.1]),
    ],
)
def test_components_have_the_weights_asked_for(regime, weights):
    rows = named()
    fitted = fit("components", rows, how="regime")
    later = rows.features[:100].copy()
    later[:, 1] = regime
    expected = fitted.members.scores(later) @ np.array(weights)
    assert fitted.score(later) == pytest.approx(expected, abs=1e-12)


def test_components_without_features_are_left_out():
    rows = replace(named(), names=("rsi_14", "a", "obv_20", "b", "c", "d"))
    fitted = fit("components", rows, how="static")
    assert fitted.found["components"] == ["technical", "volume"]
    scores = fitted.members.scores(rows.features)
    assert fitted.score(rows.features) == pytest.approx(scores @ [2 / 3, 1 / 3], abs=1e-12)


def test_a_learned_combination_sees_volatility_and_trend():
    fitted = fit("components", named(), trees=5)
    assert fitted.found["learned"] is True
    assert fitted.rule.columns.tolist() == [3, 5]


def test_a_last_bit_does_not_reach_another_leaf():
    scores = np.random.default_rng(0).standard_normal((1_000, 2))
    assert np.array_equal(gridded(scores), gridded(np.nextafter(scores, 9.0)))


def test_a_member_that_cannot_be_drawn_is_refused(monkeypatch):
    class Opaque:
        def score(self, features):
            return np.zeros(len(features))

        def to_onnx(self, n_features):
            return b""

    monkeypatch.setattr(LEARNERS["svm"], "fit", lambda *_, **__: Opaque())
    with pytest.raises(UsageError, match="svm: expected a learner whose fit offers draw"):
        fit("vote", named(200), members="svm", weights="")


def test_an_ensemble_reads_as_many_bars_as_its_longest_member():
    settings = "lstm.look_back = 3, lstm.hidden = 8, lstm.batches = 5"
    for name in ("average", "stack", "vote", "recent", "regime"):
        weights = {"weights": ""} if name == "vote" else {}
        made = LEARNERS[name](members="logistic, lstm", settings=settings, **weights)
        assert look_back_of(made) == 3
        assert made.catalogues == LEARNERS["lstm"].catalogues
        assert look_back_of(LEARNERS[name]) == 1
        assert LEARNERS[name]().catalogues is None
    with pytest.raises(UsageError, match=r"components.learner: .*reads 20"):
        LEARNERS["components"](learner="lstm")


def test_members_of_one_bar_see_the_newest_of_several():
    pytest.importorskip("torch")
    bars = market_like(300, 2, edge=1.0)
    three = replace(bars, features=np.tile(bars.features, 3))
    three.features[:, :4] = 0.0
    settings = "lstm.look_back = 3, lstm.hidden = 8, lstm.batches = 5"
    both = fit("average", three, members="logistic, lstm", settings=settings)
    alone = LEARNERS["logistic"]().fit(bars, validation=None, seed=1)
    assert members_of(both, three)[:, 0] == pytest.approx(alone.score(bars.features))
    with pytest.raises(BadData, match="at each of 3 bars, oldest first, got 2 columns"):
        fit("average", bars, members="logistic, lstm", settings=settings)
