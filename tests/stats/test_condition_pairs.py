"""Pairs of conditions, and that what is told of noise is seldom told."""

import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.stats.breakdown import breakdown
from edgekeeper.stats.condition_pairs import adjusted_both_ways, condition_pairs, standing_out


def conditions(n, rng, kinds=4, values=5):
    return {f"c{k}": [f"v{v}" for v in rng.integers(0, values, n)] for k in range(kinds)}


def told_of(earned, labels):
    cluster = np.arange(len(earned)) // 4
    single = adjusted_both_ways({"m": breakdown(earned, labels, cluster)})
    paired = adjusted_both_ways({"m": breakdown(earned, condition_pairs(labels), cluster)})
    return standing_out(single, paired)


def test_pairs_are_all_of_two_and_not_too_many():
    rng = np.random.default_rng(0)
    labels = conditions(60, rng)
    assert len(condition_pairs(labels)) == 6
    many = {"a": [str(i) for i in range(60)], "b": [str(i) for i in range(60)], "c": ["x"] * 60}
    assert set(condition_pairs(many)) == {"a & c", "b & c"}
    assert condition_pairs({"a": ["x"]}) == {}
    with pytest.raises(UsageError):
        condition_pairs({"a": ["x"], "b": []})


def test_noise_teaches_nothing():
    """At a false discovery rate of 10 %, at most one world of noise in ten tells anything."""
    told = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        common = np.repeat(rng.standard_normal(100), 4)
        told += bool(told_of(common + rng.standard_normal(400), conditions(400, rng)))
    assert told <= 6


def test_a_planted_pair_is_found_and_not_its_parents():
    rng = np.random.default_rng(1)
    labels = conditions(1_200, rng, values=3)
    one, other = np.array(labels["c0"]) == "v1", np.array(labels["c1"]) == "v2"
    # Loses where both hold and earns where one does, so that neither alone means anything.
    earned = rng.standard_normal(1_200) + 0.5 * (one ^ other) - 1.0 * (one & other)
    found = {(part.condition, part.value): part for _, part in told_of(earned, labels)}
    assert found["c0 & c1", "v1 & v2"].q_below < 0.01
    assert ("c0", "v1") not in found
    assert ("c1", "v2") not in found


def test_a_pair_that_its_parent_explains_is_left_out():
    rng = np.random.default_rng(2)
    labels = conditions(1_200, rng, values=2)
    earned = rng.standard_normal(1_200) - 1.5 * (np.array(labels["c0"]) == "v0")
    told = told_of(earned, labels)
    assert ("c0", "v0") in {(part.condition, part.value) for _, part in told}
    assert not any(
        part.condition.startswith("c0 & ") and part.value.startswith("v0 &") for _, part in told
    )
    questions = [min(part.q_below, part.q_above) for _, part in told]
    assert questions == sorted(questions)
    assert all(q <= 0.05 for q in questions)


def test_both_ways_cost_twice():
    rng = np.random.default_rng(3)
    parts = breakdown(rng.standard_normal(100) + 0.3, {"a": ["x"] * 100}, np.arange(100))
    (again,) = adjusted_both_ways({"m": parts})["m"]
    # Two questions, of which this is the surer: Benjamini-Yekutieli asks 2 * (1 + 1/2) of it.
    assert again.q_above == pytest.approx(3.0 * parts[0].p_above)
    with pytest.raises(UsageError):
        standing_out({}, {}, level=1.0)
    assert standing_out({}, {}) == []
