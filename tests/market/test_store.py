import fcntl
import resource
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.bars import Bars
from edgekeeper.errors import BadData, StorageError
from edgekeeper.market import BarStore, bars_hash, join_context, load_bars

ARRAYS = ("open", "high", "low", "close", "volume", "adjustment", "event_time", "known_time")


@pytest.fixture(scope="module")
def bars():
    return load_bars("bundled", ["AAPL", "IBM"]).bars


def span(bars, start, stop):
    return bars.rows(start, stop)


def snapshot(root):
    return {p: p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_what_goes_in_comes_out(tmp_path, bars):
    store = BarStore(tmp_path / "bars")
    assert store.intervals() == []
    assert store.append(bars, "1d") == len(bars)
    assert bars_hash(store.read("1d")) == bars_hash(bars)
    assert store.symbols("24h") == ["AAPL", "IBM"]
    assert store.intervals() == ["1d"]
    only = store.read("1d", ["IBM"])
    assert bars_hash(only) == bars_hash(load_bars("bundled", ["IBM"]).bars)


def test_appending_again_changes_nothing(tmp_path, bars):
    store = BarStore(tmp_path)
    store.append(bars, "1d")
    before = snapshot(tmp_path)
    assert store.append(bars, "1d") == 0
    assert snapshot(tmp_path) == before


def test_ranges_include_both_ends(tmp_path, bars):
    store = BarStore(tmp_path)
    store.append(bars, "1d")
    times = bars.instants
    got = store.read("1d", start_ns=int(times[10]), end_ns=int(times[20]))
    assert (got.instants == times[10:21]).all()
    with pytest.raises(BadData, match="in this range"):
        store.read("1d", end_ns=int(times[0]) - 1)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 3269), min_size=1, max_size=4, unique=True), st.randoms())
def test_pieces_in_any_order_make_the_whole(tmp_path_factory, bars, cuts, random):
    edges = [0, *(2 * c for c in sorted(cuts)), len(bars)]
    pieces = [bars.rows(max(a - 2, 0), b) for a, b in pairwise(edges)]
    # each piece counts its units from its own first bar, as a separate import would
    pieces = [rebased(piece) for piece in pieces]
    store = BarStore(tmp_path_factory.mktemp("store"))
    if random.random() < 0.5:
        pieces.reverse()
    for piece in pieces:
        store.append(piece, "1d")
    got = store.read("1d")
    assert got.adjustment == pytest.approx(bars.adjustment, rel=1e-12)
    assert (got.close == bars.close).all()
    assert (got.event_time == bars.event_time).all()


def rebased(piece):
    first = np.zeros(len(piece.symbols))
    for code in np.unique(piece.symbol):
        first[code] = piece.adjustment[np.argmax(piece.symbol == code)]
    columns = {name: getattr(piece, name) for name in ARRAYS}
    columns["adjustment"] = piece.adjustment / first[piece.symbol]
    return Bars.from_arrays(symbol=np.asarray(piece.symbols)[piece.symbol], **columns)


def test_pieces_that_do_not_touch_are_refused_where_actions_are(tmp_path, bars):
    store = BarStore(tmp_path)
    store.append(rebased(bars.rows(0, 2000)), "1d")
    before = snapshot(tmp_path)
    with pytest.raises(BadData, match="overlap"):
        store.append(rebased(bars.rows(2400, 5000)), "1d")
    assert snapshot(tmp_path) == before


def test_a_stored_bar_with_other_values_is_never_overwritten(tmp_path, bars):
    store = BarStore(tmp_path)
    store.append(bars, "1d")
    before = snapshot(tmp_path)
    columns = {name: getattr(bars, name).copy() for name in ARRAYS}
    columns["volume"][-1] += 1
    changed = Bars.from_arrays(symbol=np.asarray(bars.symbols)[bars.symbol], **columns)
    with pytest.raises(
        BadData, match=r"IBM: 1 bars are stored with other values, first 2013-03-01"
    ):
        store.append(changed, "1d")
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("damage", ["cut", "empty", "flip", "noise", "swapped"])
def test_damage_is_found_and_named(tmp_path, bars, damage):
    store = BarStore(tmp_path)
    store.append(bars, "1d")
    path, other = tmp_path / "1d" / "AAPL.parquet", tmp_path / "1d" / "IBM.parquet"
    content = bytearray(path.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "empty":
        content = bytearray()
    elif damage == "flip":
        content[len(content) // 3] ^= 0x10
    elif damage == "noise":
        content = bytearray(np.random.default_rng(0).bytes(5000))
    else:
        content = bytearray(other.read_bytes())
    path.write_bytes(content)
    with pytest.raises(BadData, match=r"AAPL\.parquet is cut off or was changed"):
        store.read("1d")
    with pytest.raises(BadData, match=r"AAPL\.parquet"):
        store.append(bars, "1d")
    assert len(store.read("1d", ["IBM"])) == 3270


def test_hostile_symbols_stay_inside_the_store(tmp_path):
    names = ["../../etc/passwd", "..", ".", "BTC/USD", "^AORD", "a b", "é", "-rf", "CON"]
    bars = Bars.from_arrays(
        symbol=names,
        event_time=np.full(len(names), 10**18, dtype=np.int64),
        **dict.fromkeys(("open", "high", "low", "close"), np.ones(len(names))),
    )
    store = BarStore(tmp_path / "root")
    store.append(bars, "5m")
    assert store.symbols("5m") == sorted(names)
    assert bars_hash(store.read("5m")) == bars_hash(bars)
    assert [p.name for p in tmp_path.iterdir()] == ["root"]


def test_asking_for_what_is_not_there(tmp_path, bars):
    store = BarStore(tmp_path)
    with pytest.raises(BadData, match="import some first"):
        store.read("1d")
    store.append(bars, "1d")
    with pytest.raises(BadData, match="did you mean 'AAPL'"):
        store.read("1d", ["APPL"])


def test_context_is_not_stored(tmp_path, bars):
    joined = join_context(bars, {"IBM": bars})
    with pytest.raises(BadData, match="join context after reading"):
        BarStore(tmp_path).append(joined, "1d")


def test_a_folder_that_cannot_be_written(tmp_path, bars):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="choose a writable folder"):
        BarStore(tmp_path / "file" / "bars").append(bars, "1d")


def test_a_second_writer_waits_outside(tmp_path, bars):
    store = BarStore(tmp_path)
    store.append(bars, "1d")
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StorageError, match="another process is writing"):
            store.append(bars, "1d")
        assert len(store.read("1d")) == len(bars)
    assert store.append(bars, "1d") == 0


def test_a_full_disk_leaves_everything_as_it_was(tmp_path, bars):
    """A file-size limit makes the kernel refuse the write half-way, as a full disk does."""
    store = BarStore(tmp_path)
    store.append(bars.rows(0, 100), "1d")
    before = snapshot(tmp_path)
    code = f"""
import resource, sys
from edgekeeper.errors import StorageError
from edgekeeper.market import BarStore, load_bars
bars = load_bars("bundled", ["AAPL", "IBM"]).bars
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, {resource.RLIM_INFINITY}))
try:
    BarStore({str(tmp_path)!r}).append(bars, "1d")
except StorageError as error:
    print(error)
    sys.exit(error.exit_code)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 6, run.stderr
    assert "unchanged" in run.stdout
    assert snapshot(tmp_path) == before


def raw(bars):
    """The same bars as a live source tells them: without splits and dividends."""
    return replace(bars, adjustment=np.ones(len(bars)))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.lists(st.integers(1, 199), max_size=4, unique=True).map(sorted), st.data())
def test_a_file_a_month_holds_the_same(tmp_path_factory, bars, cuts, data):
    """However it was filled: in parts, beside a file of all months, with bars told twice."""
    some, folder = raw(bars.rows(0, 400)), tmp_path_factory.mktemp("months")
    edges = [0, *(2 * cut for cut in cuts), 400]
    for number, (first, last) in enumerate(pairwise(edges)):
        by_month = bool(number) or data.draw(st.booleans())
        store = BarStore(folder, by_month=by_month)
        assert store.append(some.rows(first, last), "1d") == last - first
        assert BarStore(folder, by_month=True).append(some.rows(first, last), "1d") >= 0
    store = BarStore(folder, by_month=True)
    assert store.symbols("1d") == ["AAPL", "IBM"]
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, 399)] * 2)))
    start, end = (int(some.event_time[row]) for row in (first, last))
    inside = (some.event_time >= start) & (some.event_time <= end)
    assert bars_hash(store.read("1d", start_ns=start, end_ns=end)) == bars_hash(
        some.take(np.flatnonzero(inside))
    )
    assert bars_hash(BarStore(folder).read("1d")) == bars_hash(some)
    assert store.first_ns("1d", "IBM") == int(some.event_time[0])
    assert store.first_ns("1d", "MSFT") is None


def test_bars_that_come_cost_one_month_however_many_there_are(tmp_path, bars):
    store, some = BarStore(tmp_path, by_month=True), raw(bars.rows(0, 1_000))
    store.append(some.rows(0, 996), "1d")
    before = snapshot(tmp_path)
    store.append(some.rows(996, 1_000), "1d")
    changed = [p.name for p, content in snapshot(tmp_path).items() if before.get(p) != content]
    assert len(changed) == 2
    assert len(before) > 40


def test_a_store_by_months_has_no_place_for_splits(tmp_path, bars):
    with pytest.raises(BadData, match="no place for them"):
        BarStore(tmp_path, by_month=True).append(bars, "1d")
    assert not tmp_path.joinpath("1d").exists()
