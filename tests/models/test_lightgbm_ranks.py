"""Ranks: the order of values and nothing else, and thresholds told back in values."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgekeeper.models.learners.lightgbm_ranks import Ranks

COLUMNS = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 40), st.just(1)), elements=st.floats(width=32)
)


@given(COLUMNS, COLUMNS)
def test_borders_part_values_as_ranks_do(known, later):
    ranks = Ranks(known)
    found = ranks.of(later)[:, 0]
    rank_of = dict(zip(later[:, 0].tolist(), found.tolist(), strict=True))
    for border in range(1, len(ranks.borders[0]) + 1):
        # LightGBM puts a threshold between two ranks just above their middle.
        threshold = ranks.border(0, np.nextafter(border + 0.5, np.inf))
        for value, rank in rank_of.items():
            if not np.isnan(value):
                assert (value <= threshold) == (rank <= border)


@given(COLUMNS)
def test_ranks_are_above_zero_and_gaps_stay_gaps(known):
    found = Ranks(known).of(known)
    assert np.array_equal(np.isnan(found), np.isnan(known))
    assert (found[~np.isnan(found)] >= 1.0).all()


def test_a_gap_where_none_was_known_has_the_rank_of_zero():
    ranks = Ranks(np.array([[-2.0], [-1.0], [3.0]], dtype=np.float32))
    later = np.array([[np.nan], [0.0], [-5.0], [2.0]], dtype=np.float32)
    assert ranks.of(later)[:, 0].tolist() == [2.0, 2.0, 1.0, 3.0]


def test_rows_are_drawn_by_the_seed_alone():
    features = np.random.default_rng(3).standard_normal((20_000, 2)).astype(np.float32)
    one, drawn = Ranks.of_some(features, seed=7)
    again, _ = Ranks.of_some(features, seed=7)
    other, _ = Ranks.of_some(features, seed=8)
    assert drawn.shape == (5_000, 2)
    assert np.array_equal(one.borders[0], again.borders[0])
    assert not np.array_equal(one.borders[0], other.borders[0])


def test_a_model_is_told_in_values():
    ranks = Ranks(np.array([[1.0, 10.0], [2.0, 30.0], [4.0, 20.0]], dtype=np.float32))
    text = (
        "tree\ntree_sizes=12\n\nTree=0\nsplit_feature=1 0\nthreshold=2.5 1.5\nleaf_value=1 2 3\n"
        "\nend of trees\n\nthreshold=2.5"
    )
    told = ranks.told_in_values(text)
    assert "tree_sizes" not in told
    assert "\nthreshold=25.000000000000004 1.5000000000000002\n" in told
    assert told.endswith("\nend of trees\n\nthreshold=2.5")
    assert ranks.border(0, 1e300) == 1e300
