"""Steps that wait to be recorded together: seen by whoever asks, and no failure is lost."""

import threading

import pytest

from edgekeeper.errors import StorageError
from edgekeeper.ledger import Drafts, Ledger, RecordEnds
from edgekeeper.ledger.gathering import _BARS_THAT_WAIT, _STEPS_THAT_WAIT


def mark(drafts, steps):
    times = [time for time in steps for _ in "ab"]
    columns = {"event_time_ns": times, "account": ["a", "b"] * len(steps), "equity": 1.0}
    drafts.append("equity", columns, [2] * len(steps))


def links_at_once(ledger):
    """How many steps each call was given."""
    sizes = []

    def record(drafts, steps):
        sizes.append(len(steps))
        mark(drafts, steps)

    return ledger.gather("trade", record), sizes


def test_they_are_recorded_when_enough_wait_or_when_somebody_asks(place):
    with Ledger.open(place) as ledger:
        steps, sizes = links_at_once(ledger)
        for time in range(_STEPS_THAT_WAIT + 3):
            steps.put(time, time)
        assert sizes == [_STEPS_THAT_WAIT]
        with Ledger.open(place, read_only=True) as other:
            assert other.read("equity").height == 2 * _STEPS_THAT_WAIT
        assert ledger.read("equity").height == 2 * _STEPS_THAT_WAIT + 6
        assert sizes == [_STEPS_THAT_WAIT, 3]
        steps.put(50, 50)
        steps.put(50, 50)
        steps.write(51, 51, durable=True)
        times = ledger.read("equity", ["event_time_ns"])["event_time_ns"].to_list()
        assert times[-4:] == [50, 50, 51, 51]


def test_long_steps_do_not_wait_for_many(tmp_path):
    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        steps, sizes = links_at_once(ledger)
        for time in range(5):
            steps.put(time, time, bars=_BARS_THAT_WAIT // 2)
        assert sizes == [2, 2]


def test_what_others_write_comes_after_what_was_gathered_before(place):
    with Ledger.open(place) as ledger:
        steps, _ = links_at_once(ledger)
        for time in range(6):
            steps.put(time, time)
            if time % 2:
                with ledger.transaction("learn", event_time_ns=time, behind=time > 3) as tx:
                    tx.append("receipts", {"event_time_ns": time, "idempotency_key": f"k{time}"})
        found = ledger.query("select role, event_time_ns from chain order by link").rows()
        assert found == [
            ("trade", 0), ("trade", 1), ("learn", 1), ("trade", 2), ("trade", 3), ("learn", 3),
            ("trade", 4), ("trade", 5), ("learn", 5),
        ]  # fmt: skip


def test_a_run_that_is_lived_again_meets_each_step_in_its_turn(tmp_path):
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger:
        steps, _ = links_at_once(ledger)
        for time in range(5):
            steps.put(time, time)
    with Ledger.open(path, prove=True) as again:
        steps, sizes = links_at_once(again)
        for time in range(5):
            steps.put(time, time)
            assert again.unproved == ({"trade": 4 - time} if time < 4 else {})
        assert sizes == [1] * 5
        for time in range(5, 9):
            steps.put(time, time)
        assert again.verify("trade").links == 9
        assert sizes == [1] * 5 + [4]
    with Ledger.open(path, read_only=True, prove=True) as audited:
        steps, _ = links_at_once(audited)
        for time in range(9):
            steps.put(time, time)
        with pytest.raises(RecordEnds):
            steps.put(9, 9)


def test_a_failure_reaches_whoever_asks_next_and_the_next_goes_on(tmp_path):
    with Ledger.open(tmp_path / "l.sqlite") as ledger:

        def record(drafts, steps):
            if 1 in steps:
                raise OSError(28, "No space left on device")
            mark(drafts, steps)

        steps = ledger.gather("trade", record)
        steps.put(0, 0)
        steps.put(1, 1)
        with pytest.raises(StorageError, match="No space left"):
            ledger.read("equity")
        steps.put(2, 2)
        assert ledger.read("equity")["event_time_ns"].to_list() == [2, 2]
        assert ledger.verify("trade").links == 1


def test_readers_in_other_threads_lose_nothing(tmp_path):
    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        steps, _ = links_at_once(ledger)
        over, heights = threading.Event(), []

        def look():
            while not over.is_set():
                heights.append(ledger.read("equity").height)

        reader = threading.Thread(target=look)
        reader.start()
        try:
            for time in range(300):
                steps.put(time, time)
        finally:
            over.set()
            reader.join()
        assert heights == sorted(heights)
        assert ledger.verify("trade").links == 300
        times = ledger.read("equity", ["event_time_ns"])["event_time_ns"].to_list()
        assert times == [time for time in range(300) for _ in "ab"]


def test_a_group_of_any_size_finds_its_places(place):
    """More links than one statement takes, each with the rows that are its own."""
    with Ledger.open(place) as ledger:
        drafts = Drafts("trade", range(101))
        times = [time for time in range(101) for _ in range(1 + time % 3)]
        columns = {"event_time_ns": times, "account": "a"}
        drafts.append("equity", columns, [1 + time % 3 for time in range(101)])
        ledger._journal_of("trade").write_group(drafts.finished(), durable=False)
        found = ledger.query(
            "select c.event_time_ns as link, e.event_time_ns as row from equity e"
            " join chain c on c.link = e.link order by e.entry"
        )
        assert found["link"].to_list() == found["row"].to_list() == times
        assert ledger.verify("trade").links == 101
