"""Three targets from one set of labels: the better side's, or none."""

import numpy as np

from edgekeeper.bars import Bars
from edgekeeper.fills import Costs
from edgekeeper.labels import TripleBarrier, task_labels


def test_targets_are_those_of_the_better_side():
    close = 100 * np.exp(np.cumsum(np.random.default_rng(0).normal(0, 0.02, 80)))
    bars = Bars.from_arrays(
        symbol=["A"] * 80, event_time=np.arange(80), open=np.r_[close[0], close[:-1]],
        high=np.maximum(close, np.r_[close[0], close[:-1]]),
        low=np.minimum(close, np.r_[close[0], close[:-1]]), close=close,
    )  # fmt: skip
    labels = TripleBarrier(horizon=6, costs=Costs()).label(bars, np.full(80, 0.02))
    found = task_labels(labels, horizon=6)
    known = ~np.isnan(labels.net_return).any(axis=1)
    assert 60 < known.sum() < 80
    for name in ("direction", "magnitude", "timing"):
        assert (np.isnan(getattr(found, name)) == ~known).all()
    np.testing.assert_array_equal(found.magnitude[known], labels.net_return[known].max(axis=1))
    best = labels.net_return[known].argmax(axis=1)
    np.testing.assert_array_equal(found.direction[known], 1.0 - best)
    held = np.take_along_axis(labels.bars_held[known], best[:, None], axis=1)[:, 0]
    np.testing.assert_array_equal(found.timing[known], held / 6)
    assert (found.timing[known] > 0).all()
    assert (found.timing[known] <= 1).all()
