"""What another thread does is waited for, in order, and its failure is told once."""

from threading import Event

import pytest

from edgekeeper.ledger.behind import Behind


def test_one_at_a_time_and_in_order():
    done, gate, behind = [], Event(), Behind("test")
    behind.start(lambda: (gate.wait(5), done.append(1)))
    assert not done
    gate.set()
    for number in (2, 3):
        behind.start(lambda number=number: done.append(number))
    behind.wait()
    assert done == [1, 2, 3]
    behind.close()
    behind.wait()


def test_a_failure_is_raised_once_to_whoever_comes_next():
    behind = Behind("test")

    def fail():
        raise OSError("full")

    behind.start(fail)
    with pytest.raises(OSError, match="full"):
        behind.start(lambda: None)
    behind.wait()
    behind.start(fail)
    with pytest.raises(OSError, match="full"):
        behind.close()
