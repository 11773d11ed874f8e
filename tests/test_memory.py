"""What was taken and let go is the system's again."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekeeper.memory import give_back_memory


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
