"""Processes that work beside others."""

import os
import subprocess
import sys

import pytest

STANDING_BACK = """
import os, threading
from edgekeeper.child import stand_back
stand_back()
seen = []
thread = threading.Thread(target=lambda: seen.append(sorted(os.sched_getaffinity(0))))
thread.start()
thread.join()
print(os.nice(0), *seen[0])
"""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="a system without affinity")
def test_who_stands_back_leaves_a_processor_and_gives_way():
    said = subprocess.run(
        [sys.executable, "-c", STANDING_BACK], capture_output=True, text=True, check=True
    ).stdout.split()
    allowed = sorted(os.sched_getaffinity(0))
    assert int(said[0]) == min(os.nice(0) + 10, 19)
    assert [int(one) for one in said[1:]] == (allowed[1:] or allowed)
