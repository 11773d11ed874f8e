import subprocess
import sys

import pytest

from edgekeeper.errors import StorageError
from edgekeeper.ledger import Ledger

HOLD = """
import sys
from edgekeeper.ledger import Ledger
ledger = Ledger.open(sys.argv[1])
with ledger.transaction("trade") as tx:
    tx.append("equity", {"event_time_ns": 1, "account": "bot"})
print("held", flush=True)
sys.stdin.read()
"""


def add(ledger, role="trade"):
    with ledger.transaction(role) as tx:
        tx.append("equity", {"event_time_ns": 1, "account": "bot"})


def test_a_role_has_one_writer_in_a_process_too(tmp_path):
    with Ledger.open(tmp_path / "l.sqlite") as first, Ledger.open(tmp_path / "l.sqlite") as second:
        add(first)
        with pytest.raises(StorageError, match="only writer of role 'trade'") as caught:
            second.transaction("trade")
        assert caught.value.exit_code == 6
        add(second, "learn")
        add(first)
        first.close()
        add(second)
        assert second.verify("trade").links == 3
        assert second.verify("learn").links == 1


def test_the_claim_ends_with_the_process(tmp_path):
    path = tmp_path / "l.sqlite"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with Ledger.open(path) as ledger:
            with pytest.raises(StorageError, match=f"process {holder.pid} is"):
                ledger.transaction("trade")
            assert ledger.read("equity").height == 1
            holder.kill()
            holder.wait()
            add(ledger)
            assert ledger.verify("trade").links == 2
    assert [p.name for p in tmp_path.iterdir()] == ["l.sqlite"]
