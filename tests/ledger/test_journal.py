"""The chain over processes: same facts, same hash; killed, nothing acknowledged is lost."""

import os
import random
import subprocess
import sys
import time

import pytest

from edgekeeper.errors import BadData, StorageError
from edgekeeper.ledger import Ledger
from edgekeeper.ledger.journal import Journal

WRITE = """
import sys
from edgekeeper.ledger import Ledger

def write(path):
    with Ledger.open(path) as ledger:
        for epoch in range(20):
            with ledger.transaction("trade", event_time_ns=epoch) as tx:
                tx.append("decisions", {"event_time_ns": epoch, "symbol": ["X", "Å"],
                    "account": "bot", "side": ["long", "short"], "decision": "skip",
                    "size": [0.1 * epoch, None], "reason": "band",
                    "reasons_json": {"b": 1, "a": 2}})
                tx.append("equity", {"event_time_ns": epoch, "account": "bot", "equity": 1 / 3})
        return ledger.head("trade")
"""
HEAD = "d13be94710a67faeacaa86aa0d331463144fa0f0da1aecfd638951f1ba1374c4"


def test_the_hash_is_the_same_on_both_databases(place):
    namespace = {}
    exec(WRITE, namespace)
    assert namespace["write"](place) == HEAD


def test_the_hash_depends_on_the_facts_alone(tmp_path):
    folder = tmp_path / "else where"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", WRITE + "print(write(sys.argv[1]))", "ledger.db"],
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == HEAD


DIE_INSIDE = """
import os, signal, sys
from edgekeeper.ledger import Ledger
from edgekeeper.ledger.journal import Journal
insert = Journal._insert
def dying(self, cursor, part):
    insert(self, cursor, part)
    if part.links == [3]:
        os.kill(os.getpid(), signal.SIGKILL)
Journal._insert = dying
ledger = Ledger.open(sys.argv[1])
for epoch in range(5):
    with ledger.transaction("trade", event_time_ns=epoch) as tx:
        tx.append("equity", {"event_time_ns": list(range(20_000)), "account": "bot"})
        tx.append("decisions", {"event_time_ns": epoch, "symbol": "X", "account": "bot",
            "side": "long", "decision": "skip", "reason": "band"})
    print(tx.digest, flush=True)
"""


def test_killed_inside_a_transaction_the_last_link_is_the_one_before(place):
    command = [sys.executable, "-c", DIE_INSIDE, str(place)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -9
    acknowledged = killed.stdout.split()
    assert len(acknowledged) == 2
    with Ledger.open(place) as ledger:
        verified = ledger.verify("trade", head=acknowledged[-1])
        assert (verified.links, verified.rows) == (2, 2 * 20_001)
        with ledger.transaction("trade") as tx:
            tx.append("equity", {"event_time_ns": 9, "account": "bot"})
        assert ledger.verify("trade").links == 3


WRITE_ON = """
import itertools, sys
from edgekeeper.ledger import Ledger
ledger = Ledger.open(sys.argv[1])
for epoch in itertools.count():
    with ledger.transaction("trade", event_time_ns=epoch) as tx:
        tx.append("equity", {"event_time_ns": [epoch] * 50, "account": "bot"})
    sys.stdout.write(tx.digest + "\\n")
    sys.stdout.flush()
"""


def test_killed_at_any_moment_nothing_acknowledged_is_lost(place):
    links = 0
    for seed in range(2):
        command = [sys.executable, "-c", WRITE_ON, str(place)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            first = writer.stdout.readline()
            time.sleep(random.Random(seed).uniform(0.01, 0.2))
            writer.kill()
            acknowledged = [first.strip(), *writer.stdout.read().split("\n")[:-1]]
        with Ledger.open(place, read_only=True) as ledger:
            verified = ledger.verify("trade")
            assert ledger.read("chain", ["digest"], where={"digest": acknowledged}).height == len(
                acknowledged
            )
            assert verified.links - links in (len(acknowledged), len(acknowledged) + 1)
            assert verified.rows == verified.links * 50
            links = verified.links


def test_a_failed_commit_leaves_the_chain_where_it_was(place, monkeypatch):
    with Ledger.open(place) as ledger:

        def add():
            with ledger.transaction("trade") as tx:
                tx.append("equity", {"event_time_ns": 1, "account": "bot"})

        def fail(*_):
            raise OSError(5, "Input/output error")

        add()
        head = ledger.head("trade")
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "_insert", fail)
            with pytest.raises(StorageError, match="Input/output error"):
                add()
        assert ledger.verify("trade", head=head).links == 1
        add()
        assert ledger.verify("trade").links == 2


def test_orders_are_written_through_and_telemetry_is_not(place):
    server = "://" in str(place)
    ask = "SHOW synchronous_commit" if server else "PRAGMA synchronous"
    with Ledger.open(place) as ledger:
        levels = []

        def add(**options):
            with ledger.transaction("trade", **options) as tx:
                tx.append("equity", {"event_time_ns": 1, "account": "bot"})
            cursor = ledger._journal._connection.cursor()
            cursor.execute(ask)
            levels.append(cursor.fetchone()[0])
            cursor.close()
            ledger._journal._connection.rollback()

        for durable in (False, True, True, False):
            add(durable=durable)
        with pytest.raises(BadData), ledger.transaction("trade", durable=True) as tx:
            tx.append("equity", {"event_time_ns": 1})
        add(durable=True)
    assert levels == (["off", "on", "on", "off", "on"] if server else [1, 2, 2, 1, 2])
