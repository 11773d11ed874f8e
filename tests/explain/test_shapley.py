"""Axioms hold exactly where every coalition is formed, and on average where orders are drawn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.errors import BadData, UsageError
from edgekeeper.explain import background_of, shapley_values
from edgekeeper.models import Reference


def rows(n, features, seed=0):
    return np.random.default_rng(seed).standard_normal((n, features)).astype(np.float32)


def crooked(x):
    """Interactions, a step, NaN told apart; columns 0 and 1 play the same part, 2 plays none."""
    z = np.nan_to_num(x.astype(np.float64), nan=-0.7)
    return np.tanh(z[:, 0] + z[:, 1]) + z[:, 0] * z[:, 1] * (z[:, 3] > 0) - 0.3 * z[:, -1] ** 2


@given(seed=st.integers(0, 10_000), features=st.integers(4, 14), exact=st.booleans())
def test_values_add_up_and_a_feature_without_part_gets_nothing(seed, features, exact):
    x, usual = rows(2, features, seed), rows(5, features, seed + 1)
    x[0, 3] = usual[1, 0] = np.nan
    found = shapley_values(crooked, x, usual, seed=seed, exact_up_to=6 if not exact else 14)
    assert found.exact == (features <= (14 if exact else 6))
    assert found.base == pytest.approx(crooked(usual).mean())
    assert found.values.sum(axis=1) == pytest.approx(found.score - found.base, abs=1e-12)
    assert (found.values[:, 2] == 0.0).all()
    assert (found.error[:, 2] == 0.0).all()


def test_what_plays_the_same_part_gets_the_same():
    x, usual = rows(3, 6), rows(7, 6, 1)
    x[:, 1] = x[:, 0]
    usual[:, 1] = usual[:, 0]
    found = shapley_values(crooked, x, usual)
    assert found.exact
    assert found.values[:, 0] == pytest.approx(found.values[:, 1], abs=1e-12)


def test_a_sum_is_taken_apart_exactly():
    weights = np.arange(20.0)
    x, usual = rows(3, 20), rows(8, 20, 1)
    found = shapley_values(lambda z: z.astype(np.float64) @ weights, x, usual)
    assert not found.exact
    assert found.values == pytest.approx((x - usual.mean(axis=0)) * weights, abs=1e-4)


def test_drawn_orders_are_as_far_off_as_they_say():
    x, usual = rows(6, 9), rows(40, 9, 1)
    exact = shapley_values(crooked, x, usual)
    drawn = shapley_values(crooked, x, usual, exact_up_to=0, orders=8)
    off = np.abs(drawn.values - exact.values)
    assert (off <= 5.0 * drawn.error + 1e-9).all()
    assert off.max() < 0.05
    again = shapley_values(crooked, x, usual, exact_up_to=0, orders=8)
    assert np.array_equal(again.values, drawn.values)
    assert not np.array_equal(
        shapley_values(crooked, x, usual, exact_up_to=0, seed=1).values, drawn.values
    )


def test_a_row_like_the_background_has_nothing_to_explain():
    usual = np.repeat(rows(1, 12), 3, axis=0)
    usual[:, 4] = np.nan
    found = shapley_values(crooked, usual[:1], usual)
    assert found.exact
    assert not found.values.any()


def test_lightgbm_is_explained_as_by_tree_shap():
    """Within .02 of a score that spreads over more than 1; exact tree SHAP by shap, same rows."""
    shap = pytest.importorskip("shap")
    import lightgbm

    x = rows(1500, 12)
    y = (x[:, 0] + x[:, 1] * x[:, 2] + 0.3 * rows(1500, 1, 9)[:, 0] > 0).astype(float)
    booster = lightgbm.train(
        {"objective": "binary", "verbose": -1, "num_threads": 1, "max_depth": 4, "seed": 1},
        lightgbm.Dataset(x, y),
        40,
    )
    usual = x[:50]
    oracle = shap.TreeExplainer(booster, usual, feature_perturbation="interventional")
    expected = np.asarray(oracle.shap_values(x[100:110]))

    def score(z):
        return booster.predict(z, raw_score=True, num_threads=1)

    found = shapley_values(score, x[100:110], usual, orders=8)
    assert found.score.std() > 1.0
    assert np.abs(found.values - expected).max() < 0.06
    assert np.abs(found.values - expected).mean() < 0.01
    few = [0, 1, 2, 5]  # only these differ from the background: every coalition can be formed
    near = np.repeat(usual[:1], 3, axis=0)
    near[:, few] = x[200:203, few]
    oracle = shap.TreeExplainer(booster, usual[:1], feature_perturbation="interventional")
    exact = shapley_values(score, near, usual[:1])
    assert exact.exact
    assert exact.values == pytest.approx(np.asarray(oracle.shap_values(near)), abs=1e-5)


@pytest.mark.parametrize(
    ("x", "usual", "match"),
    [
        (rows(1, 3), rows(2, 4), "as many features"),
        (rows(0, 3), rows(2, 3), "at least one"),
        (rows(1, 3), rows(0, 3), "at least one"),
        (rows(1, 3)[0], rows(2, 3), "got shape"),
        ([["a", "b", "c"]], rows(2, 3), "numbers"),
    ],
)
def test_hostile_rows_are_refused(x, usual, match):
    with pytest.raises(BadData, match=match):
        shapley_values(lambda z: z[:, 0], x, usual)


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(BadData, match="finite scores"):
        shapley_values(lambda z: np.full(len(z), np.inf), rows(1, 3), rows(2, 3))
    with pytest.raises(UsageError, match="orders"):
        shapley_values(crooked, rows(1, 4), rows(2, 4), orders=0)


def test_a_background_follows_the_distributions_of_training():
    seen = rows(5000, 3)
    seen[::4, 1] = np.nan
    seen[:, 2] = np.nan
    drawn = background_of(Reference.fit(seen), 400)
    assert drawn.shape == (400, 3)
    assert np.isnan(drawn).mean(axis=0) == pytest.approx([0.0, 0.25, 1.0], abs=0.01)
    for q in (0.1, 0.5, 0.9):
        assert np.quantile(drawn[:, 0], q) == pytest.approx(np.quantile(seen[:, 0], q), abs=0.1)
    assert abs(np.corrcoef(drawn[:, 0], np.nan_to_num(drawn[:, 1]))[0, 1]) < 0.15
    assert np.array_equal(drawn, background_of(Reference.fit(seen), 400), equal_nan=True)
