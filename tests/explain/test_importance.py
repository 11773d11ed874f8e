import numpy as np
import pytest

from edgekeeper.explain import score_sensitivity


class Linear:
    """Stands where a packaged model stands: names and a score."""

    features = dict.fromkeys(("strong", "weak", "silent"), "")

    def score(self, features):
        return features @ np.array([3.0, 1.0, 0.0])


def rows(n=3000):
    return np.random.default_rng(0).standard_normal((n, 3)).astype(np.float32)


def test_shares_follow_what_the_score_listens_to():
    shares = score_sensitivity(Linear(), rows())
    assert list(shares) == ["strong", "weak", "silent"]
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["strong"] == pytest.approx(0.75, abs=0.03)
    assert shares["silent"] == 0.0


def test_the_same_seed_gives_the_same_shares_and_rows_are_left_alone():
    sample = rows(200)
    before = sample.copy()
    assert score_sensitivity(Linear(), sample) == score_sensitivity(Linear(), sample)
    assert np.array_equal(sample, before)


def test_a_score_that_listens_to_nothing_has_no_shares():
    class Deaf(Linear):
        def score(self, features):
            return np.full(len(features), np.nan)

    assert set(score_sensitivity(Deaf(), rows(50)).values()) == {0.0}
