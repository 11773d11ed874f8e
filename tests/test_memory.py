"""What was taken and let go is the system's again."""

import gc
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekeeper.memory import give_back_memory, only_new_garbage


def _resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="a system that needs no asking")
def test_what_was_let_go_is_given_back():
    pieces = [np.ones(2_000) for _ in range(10_000)]  # 160 MB, each too small to be mapped alone
    pieces = pieces[::1_000]  # and what is kept lies in between
    before = _resident_mb()
    give_back_memory()
    assert _resident_mb() < before - 100
    assert sum(piece.sum() for piece in pieces) == 20_000


class _Loop:
    """Refers to itself, so only the collector can let it go."""

    def __init__(self, gone):
        self.me = self
        self.gone = gone

    def __del__(self):
        self.gone.append(1)


@pytest.fixture
def nothing_set_aside():
    """As in a process whose tests froze nothing before."""
    gc.unfreeze()


@pytest.mark.usefixtures("nothing_set_aside")
def test_new_garbage_is_collected_and_the_rest_is_afterwards():
    gone, old, often = [], [], gc.get_threshold()
    kept = _Loop(old)
    with only_new_garbage():
        assert gc.get_freeze_count() > 1_000
        del kept
        _Loop(gone)
        gc.collect()
        assert (gone, old) == ([1], [])
        with only_new_garbage():
            pass
        assert gc.get_freeze_count() > 1_000
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, often)
    gc.collect()
    assert old == [1]


@pytest.mark.usefixtures("nothing_set_aside")
def test_objects_are_taken_back_though_the_work_fails():
    with pytest.raises(ValueError, match="no"), only_new_garbage():
        raise ValueError("no")
    assert gc.get_freeze_count() == 0
