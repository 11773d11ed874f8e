import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekeeper.bars import Bars
from edgekeeper.market import BarsHasher, bars_hash, load_bars

ARRAYS = ("open", "high", "low", "close", "volume", "adjustment", "event_time", "known_time")


def bars(n=20, **changes):
    price = np.linspace(10.0, 12.0, n)
    columns = {
        "symbol": np.array(["A", "B"] * (n // 2)),
        "event_time": np.arange(n, dtype=np.int64) // 2 * 60 * 10**9,
        **dict.fromkeys(("open", "high", "low", "close"), price),
        "volume": np.full(n, 5.0),
    }
    return Bars.from_arrays(**{**columns, **changes})


def test_the_same_in_another_process():
    code = (
        "from edgekeeper.market import bars_hash, load_bars;"
        "print(bars_hash(load_bars('bundled', ['IBM']).bars))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == bars_hash(load_bars("bundled", ["IBM"]).bars)


@given(st.permutations(range(20)))
def test_row_order_does_not_matter(order):
    order = np.array(order)
    base = bars()
    names = np.asarray(base.symbols)[base.symbol]
    shuffled = Bars.from_arrays(
        symbol=names[order], **{name: getattr(base, name)[order] for name in ARRAYS}
    )
    assert bars_hash(shuffled) == bars_hash(base)


@pytest.mark.parametrize("name", ["high", "volume", "adjustment", "known_time"])
def test_every_column_matters(name):
    base = bars()
    changed = getattr(base, name).copy()
    changed[7] += 1
    assert bars_hash(bars(**{name: changed})) != bars_hash(base)


def test_symbols_and_context_matter_unused_names_and_kinds_of_nan_do_not():
    base = bars()
    renamed = bars(symbol=np.array(["A", "C"] * 10))
    assert bars_hash(renamed) != bars_hash(base)
    one = bars(context={"X": np.arange(20.0)})
    assert len({bars_hash(b) for b in (base, one, bars(context={"Y": np.arange(20.0)}))}) == 3
    odd = np.frombuffer(b"\x01\x00\x00\x00\x00\x00\xf8\xff" * 20, dtype="<f8")
    assert bars_hash(bars(volume=odd)) == bars_hash(bars(volume=np.full(20, np.nan)))
    assert bars_hash(bars(volume=np.full(20, -0.0))) == bars_hash(bars(volume=np.zeros(20)))
    a_row = base.rows(0, 1)
    alone = Bars.from_arrays(symbol=["A"], **{name: getattr(a_row, name) for name in ARRAYS})
    assert bars_hash(a_row) == bars_hash(alone)


@given(st.integers(0, 19), st.integers(1, 20), st.sampled_from([-0.0, np.nan, 1.5]))
def test_a_stretch_hashes_like_the_same_bars_alone(start, count, volume):
    volume = np.where(np.arange(20) % 7 == 3, volume, 5.0)
    base = bars(volume=volume, context={"X": np.arange(20.0)})
    stop = min(start + count, 20)
    assert BarsHasher(base).rows(start, stop) == bars_hash(base.rows(start, stop))
