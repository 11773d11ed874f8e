import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.stats.bet_size import bet_size


def test_known_answers():
    sizes = bet_size(np.array([0.6, 0.75, 0.9]))
    np.testing.assert_allclose(sizes, [0.16174, 0.4363, 0.81758], atol=5e-6)


def test_certainty_ignorance_and_what_is_missing():
    sizes = bet_size(np.array([0.0, 0.5, 1.0, np.nan]))
    assert sizes[:3].tolist() == [-1.0, 0.0, 1.0]
    assert np.isnan(sizes[3])
    assert bet_size(np.array([1 / 3]), classes=3)[0] == pytest.approx(0.0, abs=1e-12)


def test_refusals():
    with pytest.raises(UsageError, match="from 0 to 1"):
        bet_size(np.array([1.2]))
    with pytest.raises(UsageError, match="at least two"):
        bet_size(np.array([0.2]), classes=1)
