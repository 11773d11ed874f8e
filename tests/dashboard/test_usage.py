"""What processes use."""

import os

from edgekeeper.dashboard.usage import Usage


def test_two_looks_at_once_are_one():
    usage = Usage()
    first = usage.of(os.getpid())
    assert first.memory_mb > 1.0
    assert first.processor is None
    assert first.since_seconds >= 0.0
    assert usage.of(os.getpid()) is first


def test_a_process_that_is_gone_uses_nothing():
    assert Usage().of(2**22 + 1) is None
