"""What is put is sent once, by whichever process lives, in the right order."""

import sqlite3
import threading

import pytest

from edgekeeper.alerts import Alert, Outbox, channel_states
from edgekeeper.errors import StorageError

MINUTE = 60 * 10**9
NOW = 1_700_000_000 * 10**9


def alert(severity="warning", message="said", rule="drift", **detail):
    return Alert(NOW, severity, rule, message, detail)


@pytest.fixture
def outbox(tmp_path):
    made = Outbox(tmp_path / "outbox.sqlite")
    yield made
    made.close()


def put(outbox, one, now_ns=NOW, due_ns=None, most=100, channel="c"):
    due_ns = now_ns if due_ns is None else due_ns
    return outbox.put(channel, one, now_ns=now_ns, due_ns=due_ns, repeat_ns=60 * MINUTE, most=most)


def said(batch):
    return [one.message for one, _ in batch.alerts]


def claim(outbox, now_ns=NOW, quiet=False, channel="c"):
    return outbox.claim(channel, now_ns, quiet=quiet)


def fail(outbox, batch, now_ns=NOW, wait_ns=0, hopeless=False):
    return outbox.failed("c", batch.key, "no", now_ns, wait_ns=wait_ns, hopeless=hopeless)


def test_the_same_alert_is_sent_once_also_after_a_restart(outbox, tmp_path):
    assert put(outbox, alert()) == "queued"
    assert put(outbox, alert()) == "known"
    batch = claim(outbox)
    outbox.sent("c", batch.key, NOW)
    other = Outbox(tmp_path / "outbox.sqlite")
    assert put(other, alert()) == "known"
    assert claim(other) is None
    other.close()


def test_each_channel_has_its_own(outbox):
    put(outbox, alert(), channel="a")
    put(outbox, alert(), channel="b")
    assert claim(outbox, channel="a") is not None
    assert claim(outbox, channel="b") is not None


def test_the_same_cause_again_is_counted_and_told_when_its_time_is_over(outbox):
    put(outbox, alert(message="first", cause="x"))
    assert put(outbox, alert(message="second", cause="x"), NOW + 1) == "counted"
    assert put(outbox, alert(message="of another", cause="y"), NOW + 1) == "queued"
    batch = claim(outbox, NOW + 2)
    assert [(one.message, more) for one, more in batch.alerts] == [("first", 1), ("of another", 0)]
    outbox.sent("c", batch.key, NOW + 2)
    put(outbox, alert(message="third", cause="x"), NOW + 10 * MINUTE)
    put(outbox, alert(message="fourth", cause="x"), NOW + 20 * MINUTE)
    assert claim(outbox, NOW + 59 * MINUTE) is None
    (told,) = claim(outbox, NOW + 60 * MINUTE).alerts
    assert (told[0].message, told[1]) == ("third", 1)


def test_what_is_critical_is_not_held_back_for_long(outbox):
    put(outbox, alert("critical", "halted", cause="x"))
    outbox.sent("c", claim(outbox).key, NOW)
    put(outbox, alert("critical", "halted once more", cause="x"), NOW + MINUTE)
    assert claim(outbox, NOW + 4 * MINUTE) is None
    assert said(claim(outbox, NOW + 5 * MINUTE)) == ["halted once more"]


def test_critical_first_and_alone_the_rest_together(outbox):
    for number in range(5):
        put(outbox, alert("warning", f"w{number}"))
    put(outbox, alert("info", "i"))
    for number in range(2):
        put(outbox, alert("critical", f"c{number}"))
    taken = []
    while (batch := claim(outbox)) is not None:
        taken.append(said(batch))
        outbox.sent("c", batch.key, NOW)
    assert taken == [["c0"], ["c1"], ["w0", "w1", "w2", "w3", "w4", "i"]]


def test_a_full_outbox_is_sent_in_few_messages(outbox):
    for number in range(100):
        put(outbox, alert("critical", f"c{number}"))
    taken = []
    while (batch := claim(outbox)) is not None:
        taken.append(said(batch))
        outbox.sent("c", batch.key, NOW)
    assert [len(one) for one in taken] == [20] * 5
    assert [one for batch in taken for one in batch] == [f"c{number}" for number in range(100)]


def test_at_night_only_what_is_critical(outbox):
    put(outbox, alert("warning", "w"))
    assert claim(outbox, quiet=True) is None
    put(outbox, alert("critical", "c"))
    batch = claim(outbox, quiet=True)
    assert said(batch) == ["c"]
    outbox.sent("c", batch.key, NOW)
    assert said(claim(outbox)) == ["w"]


def test_a_message_that_failed_by_day_does_not_wake_anybody_nor_bars_the_way(outbox):
    put(outbox, alert("warning", "w"))
    fail(outbox, claim(outbox))
    put(outbox, alert("critical", "c"))
    assert said(claim(outbox, quiet=True)) == ["c"]


def test_two_processes_do_not_send_the_same_and_the_dead_is_taken_over(outbox, tmp_path):
    other = Outbox(tmp_path / "outbox.sqlite")
    put(outbox, alert())
    first = claim(outbox)
    assert claim(other, NOW + MINUTE) is None, "the first is at it"
    again = claim(other, NOW + 4 * MINUTE)
    assert again == first, "it died: the same message, with the same key"
    other.close()


def test_it_comes_again_as_it_was_though_more_has_come(outbox):
    put(outbox, alert(message="one"))
    first = claim(outbox)
    assert fail(outbox, first, wait_ns=MINUTE) == (1, NOW)
    put(outbox, alert(message="two"))
    assert claim(outbox, NOW + MINUTE - 1) is None
    assert claim(outbox, NOW + MINUTE) == first
    assert fail(outbox, first, NOW + MINUTE) == (2, NOW)


def test_what_is_hopeless_is_given_up_and_bars_nothing(outbox, tmp_path):
    put(outbox, alert(message="cursed"))
    fail(outbox, claim(outbox), hopeless=True)
    put(outbox, alert(message="fine"))
    assert said(claim(outbox)) == ["fine"]
    (state,) = channel_states(tmp_path)
    assert (state.given_up, state.failed, state.failed_in_a_row) == (1, 1, 0)


def test_it_is_bounded_and_what_matters_least_gives_way(outbox, tmp_path):
    for number in range(5):
        assert put(outbox, alert("warning", f"w{number}"), most=10) == "queued"
        assert put(outbox, alert("info", f"i{number}"), most=10) == "queued"
    for number in range(8):
        assert put(outbox, alert("critical", f"c{number}"), most=10) == "full"
    kept = []
    while (batch := claim(outbox)) is not None:
        kept += said(batch)
        outbox.sent("c", batch.key, NOW)
    assert kept == [f"c{number}" for number in range(8)] + ["w3", "w4"]
    assert channel_states(tmp_path)[0].given_up == 8


def test_a_clock_that_was_set_back_does_not_hold_it_for_hours(outbox):
    put(outbox, alert())
    fail(outbox, claim(outbox), wait_ns=MINUTE)
    assert claim(outbox, NOW - 86_400 * 10**9) is not None


def test_what_was_sent_long_ago_is_forgotten(outbox, tmp_path):
    put(outbox, alert(message="old"))
    outbox.sent("c", claim(outbox).key, NOW)
    later = NOW + 15 * 86_400 * 10**9
    put(outbox, alert(message="new"), later)
    outbox.sent("c", claim(outbox, later).key, later)
    with sqlite3.connect(tmp_path / "outbox.sqlite") as file:
        assert file.execute("SELECT count(*) FROM outbox").fetchone() == (1,)
    file.close()


def test_many_at_once_lose_nothing_and_double_nothing(tmp_path):
    """Four writers and three senders, each with a file handle of its own, as processes have."""
    taken, lock = [], threading.Lock()

    def write(first):
        box = Outbox(tmp_path / "outbox.sqlite")
        for number in range(first, first + 25):
            put(box, alert("warning", f"{number}"))
        box.close()

    def send():
        box = Outbox(tmp_path / "outbox.sqlite")
        idle = 0
        while idle < 20:
            batch = claim(box)
            if batch is None:
                idle += 1
                threading.Event().wait(0.01)
                continue
            with lock:
                taken.extend(said(batch))
            box.sent("c", batch.key, NOW)
        box.close()

    threads = [threading.Thread(target=write, args=(25 * n,)) for n in range(4)]
    threads += [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken, key=int) == [str(number) for number in range(100)]


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / "outbox.sqlite").write_bytes(b"no database" * 500)
    with pytest.raises(StorageError, match="remove the file"):
        Outbox(tmp_path / "outbox.sqlite")
    with pytest.raises(StorageError, match="could not read"):
        channel_states(tmp_path)
    assert channel_states(tmp_path / "elsewhere") == ()
