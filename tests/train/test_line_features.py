"""Features of a line whose learner looks at several bars."""

import numpy as np
import pytest

from edgekeeper.config import LineConfig
from edgekeeper.errors import UsageError
from edgekeeper.features import FeatureSet
from edgekeeper.models.learners import LSTM, Logistic
from edgekeeper.train import feature_set_of
from edgekeeper.worlds import make_world


@pytest.fixture(scope="module")
def bars():
    return make_world("noise", seed=3, symbols=3, bars=150).bars


TWO = {"move": "close / lag(close, 1) - 1", "range": "(high - low) / close"}


def line(**settings):
    settings = {"features": (), "extra_features": TWO} | settings
    return LineConfig(name="deep", learner="lstm", **settings)


def test_features_are_laid_out_oldest_bar_first(bars):
    features, left_out = feature_set_of(line(parameters={"look_back": 3}), bars)
    assert features.names == ("move.lag2", "range.lag2", "move.lag1", "range.lag1", "move", "range")
    assert not left_out
    plain, wide = FeatureSet(TWO).matrix(bars), features.matrix(bars)
    for symbol in range(3):
        own = np.flatnonzero(bars.symbol == symbol)
        for back in range(3):
            columns = wide[own][:, 2 * (2 - back) : 2 * (3 - back)]
            assert np.isnan(columns[:back]).all()
            late = plain[own][: len(own) - back]
            assert np.array_equal(columns[back:], late, equal_nan=True)


def test_live_bars_give_the_same_bits(bars):
    features, _ = feature_set_of(line(parameters={"look_back": 4}), bars)
    features.check(bars)


def test_a_learner_in_hand_counts_for_the_one_named(bars):
    assert len(feature_set_of(line(), bars, Logistic())[0]) == 2
    assert len(feature_set_of(line(), bars, LSTM(look_back=5))[0]) == 10
    assert len(feature_set_of(line(), bars)[0]) == 40


def test_a_feature_the_bars_cannot_give_is_left_out_once(bars):
    fear = {"extra_features": TWO | {"fear": "VIX.close"}, "parameters": {"look_back": 2}}
    features, left_out = feature_set_of(line(**fear), bars)
    assert len(features) == 4
    assert left_out == {"fear": ("VIX.close",)}


def test_more_columns_than_a_set_may_have(bars):
    with pytest.raises(UsageError, match=r"lines\.deep: lstm reads 20 bars of 1\d\d features"):
        feature_set_of(LineConfig(name="deep", learner="lstm"), bars)


def test_a_name_too_long_for_its_age_is_refused(bars):
    long = line(extra_features={"x" * 60: "close"}, parameters={"look_back": 2})
    with pytest.raises(UsageError, match=r"lines\.deep: expected feature names"):
        feature_set_of(long, bars)
