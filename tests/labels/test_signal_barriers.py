"""Per-signal barriers: outcomes as of the triple barrier, each signal by its own bracket."""

import numpy as np
import pytest

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, UsageError
from edgekeeper.fills import EXIT_NONE, EXIT_STOP, EXIT_TARGET, EXIT_TIME, Costs
from edgekeeper.labels import NEVER, TripleBarrier, label_signals


def panel(seed=0, length=200):
    rng = np.random.default_rng(seed)
    frames = []
    for s in range(3):
        close = 50 * np.exp(np.cumsum(rng.normal(0, 0.02, length)))
        open_ = np.r_[close[0], close[:-1]] * np.exp(rng.normal(0, 0.005, length))
        frames.append((np.full(length, f"S{s}"), open_, close))
    symbol, open_, close = (np.concatenate([f[k] for f in frames]) for k in range(3))
    return Bars.from_arrays(
        symbol=symbol, event_time=np.tile(np.arange(length) * 10, 3), open=open_,
        high=np.maximum(open_, close) * 1.01, low=np.minimum(open_, close) * 0.99, close=close,
    )  # fmt: skip


FIELDS = ("net_return", "gross_return", "exit_reason", "bars_held", "mfe", "mae", "known_time")


@pytest.mark.parametrize("side", [0, 1])
def test_equal_brackets_give_the_triple_barriers_labels(side):
    bars = panel()
    costs = Costs(borrow_bps_year=300)
    volatility = np.random.default_rng(1).uniform(0.005, 0.03, len(bars))
    expected = TripleBarrier(horizon=7, target=1.5, stop=0.7, costs=costs).label(bars, volatility)
    scale = volatility * np.sqrt(7)
    found = label_signals(
        bars, np.arange(len(bars)), np.full(len(bars), side),
        stop=0.7 * scale, target=1.5 * scale, horizon=7, costs=costs,
    )  # fmt: skip
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name)[:, side], name)
    np.testing.assert_array_equal(found.entry_time, expected.entry_time)
    np.testing.assert_array_equal(found.start_time, expected.start_time)


def test_each_signal_has_its_own_bracket_and_order():
    close = np.array([100.0, 100.0, 103.0, 95.0, 110.0, 110.0])
    bars = Bars.from_arrays(
        symbol=["A"] * 6, event_time=np.arange(6), open=close, high=close, low=close, close=close
    )
    found = label_signals(
        bars, np.array([1, 0, 0, 4]), np.array([0, 0, 1, 0]),
        stop=np.array([np.inf, 0.04, 0.02, 0.01]), target=np.array([np.inf, 0.2, 0.2, 0.01]),
        horizon=np.array([2, 5, 5, 9]), costs=Costs(0, 0, 0),
    )  # fmt: skip
    assert found.exit_reason.tolist() == [EXIT_TIME, EXIT_STOP, EXIT_STOP, EXIT_NONE]
    assert found.bars_held.tolist() == [2, 3, 2, 0]
    np.testing.assert_allclose(found.gross_return, [95 / 103 - 1, -0.05, -0.03, np.nan])
    assert found.known_time.tolist() == [3, 3, 2, NEVER]
    assert found.known(2).tolist() == [False, False, True, False]
    assert found.entry_time.tolist() == [2, 1, 1, 5]
    assert EXIT_TARGET not in found.exit_reason


def test_no_signal():
    assert len(label_signals(panel(), [], [], stop=0.1, target=0.1, horizon=3)) == 0


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"rows": [600]}, UsageError),
        ({"rows": [-1]}, UsageError),
        ({"side": [2]}, UsageError),
        ({"side": [0, 1]}, UsageError),
        ({"horizon": 0}, UsageError),
        ({"horizon": [1, 2]}, UsageError),
        ({"stop": 0.0}, BadData),
        ({"stop": np.nan}, BadData),
        ({"target": -1.0}, BadData),
    ],
)
def test_refusals(changed, error):
    options = {"rows": [3], "side": [0], "stop": 0.1, "target": 0.1, "horizon": 3} | changed
    with pytest.raises(error, match="expected"):
        label_signals(panel(), options.pop("rows"), options.pop("side"), **options)
