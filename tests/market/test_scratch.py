"""Bars that lie on the disk are the bars they would be in memory."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekeeper.bars import IN_MEMORY, Bars, GrowingArray, GrowingBars
from edgekeeper.errors import StorageError
from edgekeeper.market import ScratchRooms, rooms_in
from edgekeeper.worlds import make_world

WHOLE = make_world("noise", seed=3, symbols=3, bars=200).bars


def part(first, last):
    return WHOLE.rows(int(WHOLE.instant_offsets[first]), int(WHOLE.instant_offsets[last]))


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


@settings(max_examples=20, deadline=None, derandomize=True)
@given(cuts=st.lists(st.integers(1, 199), min_size=1, max_size=6, unique=True).map(sorted))
def test_any_cuts_give_the_same_bars(tmp_path_factory, cuts):
    rooms = ScratchRooms(tmp_path_factory.mktemp("scratch"))
    growing, handed_out = GrowingBars(part(0, cuts[0]), rooms), []
    for first, last in zip(cuts, [*cuts[1:], 200], strict=True):
        handed_out.append((first, growing.bars))
        growing.append(part(first, last))
        rooms.rest()
        assert growing.bars.to_polars().equals(part(0, last).to_polars(), null_equal=True)
    for first, bars in handed_out:
        assert bars.to_polars().equals(part(0, first).to_polars(), null_equal=True)


@pytest.mark.parametrize("shape", [(), (4,)])
def test_an_array_grows_past_its_first_room(tmp_path, shape):
    rooms = ScratchRooms(tmp_path)
    values = np.random.default_rng(0).normal(size=(90_000, *shape))
    growing = GrowingArray(values[:10], rooms)
    first = None
    for start in range(10, 90_000, 8_998):
        growing.extend(values[start : start + 8_998])
        first = growing.view if first is None else first
    assert growing.view.tobytes() == values.tobytes()
    assert first.tobytes() == values[: 10 + 8_998].tobytes()
    assert rooms.bytes >= values.nbytes
    with pytest.raises(ValueError, match="read-only"):
        growing.view[0] = 1.0
    growing.replace_last(np.zeros((1, *shape)))
    assert not growing.view[-1].any()


def test_nothing_is_left_behind(tmp_path):
    """No name in the folder while it is used, and no open file once it is not."""
    gc.collect()  # what tests before this one left behind is theirs
    before = open_files()
    growing = GrowingBars(part(0, 100), ScratchRooms(tmp_path))
    growing.append(part(100, 200))
    assert open_files() > before
    assert list(tmp_path.iterdir()) == []
    del growing
    gc.collect()
    assert open_files() == before


def test_memory_is_let_go_and_read_again(tmp_path):
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[2]) * os.sysconf("SC_PAGE_SIZE")

    rooms = ScratchRooms(tmp_path)
    growing = GrowingArray(np.zeros(1), rooms)
    growing.extend(np.arange(4_000_000, dtype=np.float64))
    shared = resident()
    rooms.rest()
    assert shared - resident() > 30_000_000
    assert growing.view[1:].sum() == np.arange(4_000_000).sum()


def test_a_folder_without_room_is_named(tmp_path, monkeypatch):
    with pytest.raises(StorageError, match="no room for the bars of a run"):
        GrowingArray(np.zeros(2), ScratchRooms(tmp_path / "missing")).extend(np.zeros(1))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StorageError, match="No space left on device"):
        GrowingArray(np.zeros(2), ScratchRooms(tmp_path)).extend(np.zeros(1))


def test_rows_of_a_symbol_are_found_from_either_end():
    sparse = WHOLE.take(np.flatnonzero((WHOLE.symbol != 1) | (np.arange(len(WHOLE)) % 50 == 1)))
    assert isinstance(sparse, Bars)
    for symbol in range(3):
        mine = np.flatnonzero(sparse.symbol == symbol)
        for most in (1, 4, 10_000):
            assert np.array_equal(sparse.last_rows(symbol, most), mine[-most:])
            for start in (0, 7, len(sparse)):
                found = sparse.first_rows(symbol, start, most)
                assert np.array_equal(found, mine[mine >= start][:most])


def test_rooms_are_in_memory_where_no_space_can_be_set_aside(tmp_path, monkeypatch):
    assert isinstance(rooms_in(tmp_path), ScratchRooms)
    monkeypatch.delattr(os, "posix_fallocate")
    assert rooms_in(tmp_path) is IN_MEMORY
