"""Many callers, one writer: acknowledged once safe, standing once, and told when it failed."""

import random
import subprocess
import sys
import threading
import time

import pytest

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.ledger import GENESIS, Ledger
from edgekeeper.ledger.journal import Journal


def order(number, **changes):
    return {
        "orders": {"event_time_ns": number, "id": f"o{number}", "account": "bot", "symbol": "A",
                   "side": "long", "action": "open", **changes}
    }  # fmt: skip


def mark(number):
    return {"equity": {"event_time_ns": number, "account": "bot", "equity": 1.0}}


def test_what_threads_hand_in_stands_once_each_and_is_acknowledged(place):
    with Ledger.open(place) as ledger:
        with ledger.live("trade") as live:

            def trade(thread):
                for number in range(thread, 60, 3):
                    receipt = live.append(order(number), key=f"k{number}", durable=number % 2 == 0)
                    live.append(mark(number))
                    digests[number] = receipt.result(10)

            digests = {}
            threads = [threading.Thread(target=trade, args=(n,)) for n in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert ledger.verify("trade").links == 120
        links = ledger.query(
            "SELECT c.digest, o.id FROM chain c JOIN orders o ON o.link = c.link"
        ).rows()
        assert {name: digest for digest, name in links} == {
            f"o{number}": digest for number, digest in digests.items()
        }
        assert ledger.read("equity").height == 60


def test_groups_leave_no_trace_in_the_chain(tmp_path):
    heads = set()
    for most_links, gather_ms in ((1, 0.0), (7, 0.0), (256, 20.0)):
        with Ledger.open(tmp_path / f"{most_links}.sqlite") as ledger:
            with ledger.live("trade", most_links=most_links, gather_ms=gather_ms) as live:
                for number in range(20):
                    live.append(order(number), event_time_ns=number)
            heads.add(ledger.head("trade"))
    with Ledger.open("sqlite://") as ledger:
        for number in range(20):
            with ledger.transaction("trade", event_time_ns=number) as tx:
                tx.append("orders", order(number)["orders"])
        heads.add(ledger.head("trade"))
    assert len(heads) == 1


def test_closing_writes_what_waits(place):
    with Ledger.open(place) as ledger:
        live = ledger.live("trade")
        receipts = [live.append(mark(number)) for number in range(50)]
    assert all(receipt.done() for receipt in receipts)
    with Ledger.open(place, read_only=True) as ledger:
        assert ledger.verify("trade", head=receipts[-1].result()).links == 50
    with pytest.raises(UsageError, match="closed"):
        live.append(mark(1))


def test_handed_in_again_it_stands_once_and_other_facts_are_refused(place):
    with Ledger.open(place) as ledger:
        live = ledger.live("trade")
        first = live.append(order(1), key="a").result(10)
        assert live.append(order(1), key="a", durable=True).result(10) == first
        together = [live.append(order(n), key=f"k{n}") for n in (5, 6, 5)]
        together.append(live.append(mark(5)))
        assert together[0].result(10) == together[2].result(10)
    with Ledger.open(place) as ledger:
        live = ledger.live("trade")
        assert live.append(order(1), key="a", durable=True).result(10) == first
        assert live.append(order(2), key="b").result(10) != first
        with pytest.raises(BadData, match="use a key once"):
            live.append(order(1, side="short"), key="a").result(10)
        with pytest.raises(BadData, match="use a key once"):
            live.append(order(1), key="a", event_time_ns=1).result(10)
        assert live.failures == 2
        assert ledger.read("orders", ["id"])["id"].sort().to_list() == ["o1", "o2", "o5", "o6"]
        assert ledger.verify("trade").links == 5


def test_a_failure_reaches_everyone_in_the_group_and_the_next_goes_on(tmp_path, monkeypatch):
    entered, leave = threading.Event(), threading.Event()
    insert = Journal._insert

    def fail(*arguments):
        entered.set()
        leave.wait(10)
        raise OSError(28, "No space left on device")

    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        live = ledger.live("trade")
        monkeypatch.setattr(Journal, "_insert", fail)
        receipts = [live.append(mark(0), key="0")]
        assert entered.wait(10)
        receipts += [live.append(order(n), key=str(n), durable=True) for n in range(1, 4)]
        again = live.append(order(1), key="1")
        assert again is receipts[1]
        leave.set()
        for receipt in receipts:
            with pytest.raises(StorageError, match="No space left"):
                receipt.result(10)
        assert (live.failures, ledger.head("trade")) == (4, GENESIS)
        monkeypatch.setattr(Journal, "_insert", insert)
        live.append(order(1), key="1").result(10)
        assert ledger.verify("trade").links == 1


def test_what_is_wrong_is_said_to_whom_hands_it_in(tmp_path):
    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        with pytest.raises(UsageError, match="most_links"):
            ledger.live("trade", most_links=0)
        live = ledger.live("operations")
        with pytest.raises(UsageError, match="at least one table"):
            live.append({})
        with pytest.raises(UsageError, match="did you mean 'orders'"):
            live.append({"order": {}})
        with pytest.raises(BadData, match=r"orders\.id"):
            live.append({"orders": {"event_time_ns": 1}})
        with pytest.raises(UsageError, match="did you mean 'trade'"):
            ledger.live("trader")
    with Ledger.open("sqlite://") as ledger, pytest.raises(UsageError, match="in memory"):
        ledger.live("trade")
    with (
        Ledger.open(tmp_path / "l.sqlite", prove=True) as ledger,
        pytest.raises(UsageError, match="starts over"),
    ):
        ledger.live("trade")


def test_a_disk_that_stands_still_is_said_so(tmp_path, monkeypatch):
    leave = threading.Event()
    insert = Journal._insert

    def wait(*arguments):
        leave.wait(10)
        insert(*arguments)

    monkeypatch.setattr(Journal, "_insert", wait)
    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        live = ledger.live("trade", most_links=1)
        live._most_waiting = 5
        live.append(mark(0))
        while live._queue.qsize() < 5:
            live.append(mark(1))
        with pytest.raises(StorageError, match="too slow"):
            live.append(mark(2))
        leave.set()


WRITE_ON = """
import itertools, sys, threading
from edgekeeper.ledger import Ledger
ledger = Ledger.open(sys.argv[1])
live = ledger.live("trade")
lock = threading.Lock()
def trade(thread, first):
    for number in itertools.count(first):
        key = f"{thread}-{number}"
        facts = {"orders": {"event_time_ns": number, "id": key, "account": "bot", "symbol": "A",
                            "side": "long", "action": "open"},
                 "equity": {"event_time_ns": number, "account": "bot"}}
        receipt = live.append(facts, key=key, durable=number % 3 == 0)
        receipt.result()
        with lock:
            sys.stdout.write(key + "\\n")
            sys.stdout.flush()
threads = [threading.Thread(target=trade, args=(n, int(sys.argv[2 + n]))) for n in range(4)]
for thread in threads:
    thread.start()
"""


def test_killed_at_any_moment_and_handed_in_again_nothing_is_lost_or_doubled(place):
    """Each caller goes on with the first submission that it holds no acknowledgement of."""
    acknowledged, starts = set(), [0] * 4
    for seed in range(2):
        command = [sys.executable, "-c", WRITE_ON, str(place), *map(str, starts)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            first = writer.stdout.readline()
            time.sleep(random.Random(seed).uniform(0.05, 0.3))
            writer.kill()
            acknowledged |= {first.strip(), *writer.stdout.read().split("\n")[:-1]}
        for thread in range(4):
            mine = [int(k.split("-")[1]) for k in acknowledged if k.startswith(f"{thread}-")]
            starts[thread] = max(mine, default=-1) + 1
    with Ledger.open(place) as ledger:
        stored = ledger.read("orders", ["id"])["id"].to_list()
        assert len(stored) == len(set(stored)) == ledger.read("receipts").height
        assert acknowledged <= set(stored)
        assert len(stored) - len(acknowledged) <= 4, "one on its way for each caller"
        assert ledger.read("equity").height == len(stored)
        assert ledger.verify("trade").links == len(stored)
