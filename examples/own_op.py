"""An op of your own for the feature language, proved and used.

    python examples/own_op.py

A kernel is a plain function over a chunk of rows. Numba compiles it to C, so it has to keep to
numbers, loops and ``math``. It reads its inputs, fills ``out``, and leaves in ``state`` whatever
the next chunk needs; a fresh state is all zeros.
"""

import math

from edgekeeper.features import FeatureSet, Op, evaluate, register, window
from edgekeeper.features.example_bars import example_bars
from edgekeeper.testing.ops import check_op

HUGE = 1e75  # what is larger is read as missing, as in the ops that come along


def rising_share(n, x, out, params, state):
    """Share of rises among recent moves, newer ones counting more.

    State: whether there was a value, the value, the share, how many moves (to the lookback).
    """
    alpha, needed = params[0], params[1]
    seen, before, share, moves = state[0], state[1], state[2], state[3]
    for i in range(n):
        v = x[i]
        if not abs(v) < HUGE:  # missing: answer with NaN and leave the state as it was
            out[i] = math.nan
            continue
        if seen > 0.0:
            share += alpha * ((1.0 if v > before else 0.0) - share)
            moves = min(moves + 1.0, needed)
        seen, before = 1.0, v
        out[i] = share if moves >= needed else math.nan
    state[0], state[1], state[2], state[3] = seen, before, share, moves


def constants(params):
    """What the kernel gets, worked out once from the numbers in the text."""
    return (2.0 / (params[0] + 1.0), params[0])


def state_size(params):
    """Numbers to remember between chunks."""
    return 4


def lookback(params):
    """Rows before the first value."""
    return int(params[0])


def warm_up(params):
    """Rows until the weight of where a history began is below a millionth of a share of a half."""
    alpha = 2.0 / (params[0] + 1.0)
    return max(lookback(params), math.ceil(math.log(5e-7) / math.log1p(-alpha)))


RISING_SHARE = Op(
    "rising_share",
    rising_share,
    inputs=1,
    params=(window("n", low=2),),
    state_size=state_size,
    lookback=lookback,
    warm_up=warm_up,
    constants=constants,
    version=1,  # raise it whenever results change: it is part of every feature's hash
    meaning="Share of rises among recent moves, newer ones counting more.",
)


def main() -> None:
    """Prove the op, add it to the language, and prove a feature made with it."""
    check_op(RISING_SHARE)
    register(RISING_SHARE)
    bars = example_bars()
    features = FeatureSet({"rises": "rising_share(close, 20) - 0.5"})
    report = features.check(bars)
    print(f"proved on {report.truncated_rows} rows, {report.streamed_rows} of them live")
    print(f"the newest: {evaluate('rising_share(close, 20)', bars)[-1]:.3f}")


if __name__ == "__main__":
    main()
