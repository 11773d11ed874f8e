import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import BadData
from edgekeeper.models.reference import PROBABILITIES, Reference, column_quantiles

NAMES = ("a", "b", "c")


def sample(rows=10_000, seed=0):
    features = np.random.default_rng(seed).standard_normal((rows, 3)).astype(np.float32)
    features[::10, 1] = np.nan
    return features


def novelty(reference, rows):
    features = np.array(rows, dtype=np.float32)
    return reference.novelty(features, np.isnan(features)).tolist()


def test_novelty_counts_features_outside_the_training_range():
    reference = Reference.fit(sample())
    assert novelty(reference, [[0, 0, 0], [9, 0, 0], [9, -9, 0], [9, 9, np.inf]]) == pytest.approx(
        [0.0, 1 / 3, 2 / 3, 1.0]
    )


def test_nan_is_novel_only_where_training_had_none():
    reference = Reference.fit(sample())
    assert novelty(reference, [[np.nan, 0, 0], [0, np.nan, 0]]) == pytest.approx([1 / 3, 0.0])


def test_training_rows_are_familiar():
    features = sample()
    share = Reference.fit(features).novelty(features, np.isnan(features))
    assert share.mean() < 0.003
    few = features[:10]
    assert not Reference.fit(few).novelty(few, np.isnan(few)).any()


def test_a_column_never_seen():
    features = sample()
    features[:, 2] = np.nan
    reference = Reference.fit(features)
    assert novelty(reference, [[0, 0, np.nan], [0, 0, 0.0]]) == pytest.approx([0.0, 1 / 3])


@given(st.integers(1, 40), st.integers(0, 2**32))
def test_quantiles_are_values_of_the_column_and_rise(rows, seed):
    features = np.random.default_rng(seed).standard_normal((rows, 3)).astype(np.float32)
    features[: rows // 2, 0] = np.nan
    quantiles, missing = column_quantiles(features, PROBABILITIES)
    assert missing[0] == pytest.approx((rows // 2) / rows)
    assert (np.diff(quantiles, axis=0) >= 0).all()
    for column in range(3):
        assert np.isin(quantiles[:, column], features[:, column]).all()
        assert quantiles[0, column] == np.nanmin(features[:, column])


def test_quantiles_near_numpys():
    features = sample()
    ours, _ = column_quantiles(features, PROBABILITIES)
    theirs = np.nanquantile(features.astype(np.float64), PROBABILITIES, axis=0)
    assert ours == pytest.approx(theirs, abs=0.2)
    assert ours[2:-2] == pytest.approx(theirs[2:-2], abs=0.01)


def test_json_round_trip_is_exact():
    features = sample()
    features[:, 2] = np.nan
    reference = Reference.fit(features)
    again = Reference.from_json(reference.to_json(NAMES), NAMES, "reference")
    assert np.array_equal(again.quantiles, reference.quantiles, equal_nan=True)
    assert np.array_equal(again.missing, reference.missing)


@pytest.mark.parametrize(
    "change",
    [
        {"a": {"missing": 2.0, "quantiles": list(PROBABILITIES)}},
        {"a": {"missing": None, "quantiles": list(PROBABILITIES)}},
        {"a": {"missing": 0.0, "quantiles": list(PROBABILITIES)[::-1]}},
        {"a": {"missing": 0.0, "quantiles": [None, *PROBABILITIES[1:]]}},
        {"a": {"missing": 0.0, "quantiles": [0.0]}},
        {"a": {"missing": 0.0}},
        {"a": 3},
        {"d": {"missing": 0.0, "quantiles": list(PROBABILITIES)}},
    ],
)
def test_tampered_records_are_refused(change):
    record = Reference.fit(sample()).to_json(NAMES) | change
    with pytest.raises(BadData, match="reference"):
        Reference.from_json(record, NAMES, "reference")


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3,)])
def test_nothing_to_describe_is_refused(shape):
    with pytest.raises(BadData, match="shape"):
        Reference.fit(np.zeros(shape, dtype=np.float32))
