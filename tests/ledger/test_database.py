import random
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, text

from edgekeeper.errors import BadData, EdgekeeperError, StorageError, UsageError
from edgekeeper.ledger import Ledger


def add(ledger, count=1, **options):
    add_as("trade", ledger, count, **options)


def add_as(role, ledger, count=1, **options):
    with ledger.transaction(role, **options) as tx:
        tx.append("equity", {"event_time_ns": list(range(count)), "account": "bot"})


@pytest.mark.parametrize(
    "name", ["l.sqlite", "a b%41?x#y&z.sqlite", "größe.db", "deep/er/l.sqlite"]
)
def test_any_path_will_do_and_nothing_else_is_left(tmp_path, name):
    path = tmp_path / name
    with Ledger.open(path) as ledger:
        add(ledger)
        assert ledger.place == str(path)
    assert list(path.parent.iterdir()) == [path]
    with Ledger.open(f"sqlite:///{path}" if name == "l.sqlite" else str(path)) as ledger:
        assert ledger.read("equity").height == 1


@pytest.mark.parametrize(
    "where", ["", " ", "a\x00b", "mysql://u:secret@h/x", "nonsense://x", "://"]
)
def test_what_is_neither_path_nor_url_is_refused(where):
    with pytest.raises(UsageError, match=r"expected a|install") as caught:
        Ledger.open(where)
    assert "secret" not in str(caught.value)


def test_a_folder_that_cannot_be_written_to_is_said_so(tmp_path):
    # Permissions do not stop root, so the folder in question is a regular file.
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="choose a folder") as caught:
        Ledger.open(tmp_path / "file" / "l.sqlite")
    assert caught.value.exit_code == 6
    with pytest.raises(StorageError, match="got the folder"):
        Ledger.open(tmp_path)


def test_read_only_neither_creates_nor_changes(tmp_path):
    with pytest.raises(StorageError, match="found none"):
        Ledger.open(tmp_path / "none.sqlite", read_only=True)
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(BadData, match="empty database"):
        Ledger.open(tmp_path / "empty.sqlite", read_only=True)
    with Ledger.open(tmp_path / "l.sqlite") as ledger:
        add(ledger)
    before = (tmp_path / "l.sqlite").read_bytes()
    with Ledger.open(tmp_path / "l.sqlite", read_only=True) as ledger:
        assert ledger.read("equity").height == 1
        assert ledger.verify("trade").links == 1
    assert (tmp_path / "l.sqlite").read_bytes() == before


def test_a_reader_sees_what_is_committed_while_the_writer_goes_on(tmp_path):
    with Ledger.open(tmp_path / "l.sqlite") as writer:
        add(writer)
        with Ledger.open(tmp_path / "l.sqlite", read_only=True) as reader:
            for count in (1, 2, 3):
                assert reader.read("equity").height == count
                add(writer)
            assert reader.verify("trade").links == 4


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_are_not_a_ledger(tmp_path, seed):
    path = tmp_path / "l.sqlite"
    noise = random.Random(seed).randbytes(seed * 4000 + 100)
    path.write_bytes(noise)
    for read_only in (True, False):
        with pytest.raises(BadData, match="restore it from a backup"):
            Ledger.open(path, read_only=read_only)
    assert path.read_bytes() == noise


def outcome(path, head):
    """How many rows a ledger that verifies gives back, or the error of one that does not."""
    try:
        with Ledger.open(path, read_only=True) as ledger:
            ledger.verify("trade", head=head)
            return ledger.read("equity").height
    except EdgekeeperError as error:
        return error


def test_a_damaged_ledger_never_passes_for_a_whole_one(tmp_path):
    path, copy = tmp_path / "l.sqlite", tmp_path / "copy.sqlite"
    with Ledger.open(path) as ledger:
        add(ledger, 2000)
        head = ledger.head("trade")
    whole = path.read_bytes()
    rng = random.Random(1)
    cuts = [whole[: rng.randrange(1, len(whole) - 1)] for _ in range(6)]
    pages = list(range(len(whole) // 4096))
    for page in rng.sample(pages[1:], 6):
        at = page * 4096
        cuts.append(whole[:at] + rng.randbytes(4096) + whole[at + 4096 :])
    for damaged in cuts:
        copy.write_bytes(damaged)
        found = outcome(copy, head)
        assert found == 2000 or found.exit_code in (3, 6)  # 2000: a page of an empty table


def test_a_locked_database_says_so_and_loses_nothing(tmp_path):
    path = tmp_path / "l.sqlite"
    with Ledger.open(path, patience_s=0.05) as ledger:
        add(ledger)
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError, match="another process holds"):
            add(ledger)
        other.rollback()
        other.close()
        add(ledger)
        assert ledger.verify("trade").links == 2


def test_a_locked_server_says_so_and_loses_nothing(server):
    url = server.ledger("place")
    with Ledger.open(url, patience_s=0.05) as ledger:
        add(ledger)
        engine = create_engine(url)
        with engine.begin() as other:
            other.execute(text("LOCK TABLE chain IN EXCLUSIVE MODE"))
            with pytest.raises(StorageError, match="another session holds"):
                add(ledger)
        add(ledger)
        assert ledger.verify("trade").links == 2
    engine.dispose()


def test_a_server_that_turns_read_only_or_ends_our_session_is_said_so(server):
    url = server.ledger("place")
    engine = create_engine(url)

    def tell(*statements):
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    with Ledger.open(url) as ledger:
        add(ledger)
        tell("ALTER DATABASE ledger_place SET default_transaction_read_only = on")
        try:
            with Ledger.open(url) as late, pytest.raises(StorageError, match="takes no writes"):
                add_as("learn", late)
        finally:
            tell("ALTER DATABASE ledger_place RESET default_transaction_read_only")
        tell(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = 'ledger_place' AND pid <> pg_backend_pid()"
        )
        with pytest.raises(StorageError, match="shutting down"):
            add(ledger)
    engine.dispose()
    with Ledger.open(url) as ledger:
        add(ledger)
        assert ledger.verify("trade").links == 2


@contextmanager
def file_size_limit(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_nothing_and_writing_resumes(tmp_path):
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger:
        add(ledger, 10)
        head = ledger.head("trade")
        with file_size_limit(400_000), pytest.raises(StorageError, match="disk") as caught:
            add(ledger, 50_000)
        assert caught.value.exit_code == 6
        assert ledger.verify("trade", head=head).rows == 10
        add(ledger, 50_000)
        assert ledger.verify("trade").rows == 50_010


def test_a_disk_too_full_for_a_new_ledger(tmp_path):
    path = tmp_path / "l.sqlite"
    with file_size_limit(10_000), pytest.raises(StorageError, match="disk"):
        Ledger.open(path)
    with Ledger.open(path) as ledger:
        add(ledger)


SMALL_DISK = """
import subprocess, sys
from pathlib import Path
from edgekeeper.errors import StorageError
from edgekeeper.ledger import Ledger

folder = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], check=True)
with Ledger.open(folder / "l.sqlite") as ledger:
    def add(count):
        with ledger.transaction("trade", durable=True) as tx:
            tx.append("equity", {"event_time_ns": list(range(count)), "account": "bot"})
    add(10)
    try:
        add(100_000)
    except StorageError as error:
        print(error)
    add(10)
    assert ledger.verify("trade").rows == 20
subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
with Ledger.open(folder / "l.sqlite", read_only=True) as ledger:
    assert ledger.verify("trade").rows == 20
for path in (folder / "l.sqlite", folder / "new.sqlite"):
    try:
        with Ledger.open(path) as ledger:
            add(1)
    except StorageError as error:
        print(error)
"""


def test_a_small_disk_that_fills_up_and_turns_read_only(tmp_path):
    unshare = shutil.which("unshare")
    probe = [unshare, "-m", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    if unshare is None or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a disk of their own")
    command = [unshare, "-m", sys.executable, "-c", SMALL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    full, settled, new = done.stdout.splitlines()
    assert "free some space" in full
    for message in (settled, new):
        assert "may be written to" in message
