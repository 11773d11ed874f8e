import json
import shutil

import pytest

from edgekeeper.errors import BadData
from edgekeeper.ledger import Ledger


def live(ledger, first, last):
    for epoch in range(first, last):
        with ledger.transaction("trade", event_time_ns=epoch) as tx:
            tx.append("equity", {"event_time_ns": epoch, "account": "a"})
        if epoch % 10 == 9:
            ledger.seal(epoch)


@pytest.fixture
def sealed(place):
    with Ledger.open(place) as ledger:
        live(ledger, 0, 25)
    return place


@pytest.fixture
def sealed_file(tmp_path):
    path = tmp_path / "file.sqlite"
    with Ledger.open(path) as ledger:
        live(ledger, 0, 25)
    return path


def test_seals_stand_in_the_record_and_beside_it_once_each(sealed):
    with Ledger.open(sealed) as ledger:
        ledger.seal(24)
        ledger.seal(24)
        rows = ledger.read("seals")
        assert rows["links"].to_list() == [10, 20, 25]
        assert rows["digest"][-1] == ledger.head("trade")
        assert ledger.check_seals() == 3


def test_seals_are_kept_beside_a_file(sealed_file):
    lines = sealed_file.with_name("file.sqlite.seals").read_text().splitlines()
    assert [json.loads(line)["links"] for line in lines] == [10, 20]


def test_a_chain_without_its_end_still_holds_but_its_seal_does_not(sealed, sql):
    sql("DELETE FROM equity WHERE link IN (SELECT link FROM chain WHERE seq >= 15)")
    sql("DELETE FROM batches WHERE link IN (SELECT link FROM chain WHERE seq >= 15"
                    " AND role = 'trade')")  # fmt: skip
    sql("DELETE FROM chain WHERE role = 'trade' AND seq >= 15")
    with Ledger.open(sealed, read_only=True) as ledger:
        assert ledger.verify("trade").links == 15
        with pytest.raises(BadData, match=r"'trade' chain ends before link 19.*cut off"):
            ledger.check_seals()


def test_an_older_copy_put_in_place_is_told_by_the_file_beside_it(tmp_path, sealed_file):
    shutil.copy(sealed_file, tmp_path / "old.sqlite")
    with Ledger.open(sealed_file) as ledger:
        live(ledger, 25, 40)
    shutil.copy(tmp_path / "old.sqlite", sealed_file)
    with Ledger.open(sealed_file, read_only=True) as ledger:
        assert ledger.verify("trade").links == 25
        with pytest.raises(BadData, match="ends before link 29"):
            ledger.check_seals()


def test_another_run_put_in_place_is_told_too(tmp_path, sealed_file):
    with Ledger.open(tmp_path / "other.sqlite") as ledger:
        for epoch in range(25):
            with ledger.transaction("trade", event_time_ns=epoch) as tx:
                tx.append("equity", {"event_time_ns": epoch, "account": "b"})
    shutil.copy(tmp_path / "other.sqlite", sealed_file)
    with (
        Ledger.open(sealed_file, read_only=True) as ledger,
        pytest.raises(BadData, match="another link at link 9"),
    ):
        ledger.check_seals()


@pytest.mark.parametrize("content", [b"nonsense\n", b'{"role": 1}\n', b"\xff\xfe"])
def test_a_spoilt_file_of_seals_is_said_so(sealed_file, content):
    sealed_file.with_name("file.sqlite.seals").write_bytes(content)
    with (
        Ledger.open(sealed_file, read_only=True) as ledger,
        pytest.raises(BadData, match="expected seals in"),
    ):
        ledger.check_seals()


def test_verifying_from_a_seal_on_skips_older_rows_only(sealed, sql):
    sql("UPDATE equity SET equity = 5 WHERE event_time_ns = 4")
    with Ledger.open(sealed, read_only=True) as ledger:
        for since in (None, 8):
            with pytest.raises(BadData, match="link 4"):
                ledger.verify("trade", since_ns=since)
        assert ledger.verify("trade", since_ns=9).links == 25
    sql("UPDATE equity SET equity = 5 WHERE event_time_ns = 12")
    with Ledger.open(sealed, read_only=True) as ledger, pytest.raises(BadData, match="link 12"):
        ledger.verify("trade", since_ns=15)


def test_while_a_record_is_lived_again_nothing_is_sealed(sealed):
    with Ledger.open(sealed, prove=True) as ledger:
        live(ledger, 0, 20)
        assert ledger.read("seals").height == 2
        live(ledger, 20, 30)
        assert ledger.read("seals")["links"].to_list() == [10, 20, 30]


def seals_beside(path):
    file = path.with_name(f"{path.name}.seals")
    return file.read_text().splitlines() if file.exists() else []


@pytest.mark.parametrize("last", [29, 33])  # a durable seal that is new, and one of what stands
def test_the_file_learns_of_a_seal_that_may_be_lost_with_the_next_one_that_may_not(tmp_path, last):
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger:
        live(ledger, 0, 5)
        for epoch in range(5, 30):
            live(ledger, epoch, epoch + 1)
            if epoch % 5 == 0:
                ledger.seal(epoch, behind=True, durable=False)
        live(ledger, 30, last + 1)
        assert len(seals_beside(path)) == 8  # 9, 19 and 29, and those before each
        ledger.seal(last, behind=True, durable=False)
        ledger.seal(last)
        assert len(seals_beside(path)) == ledger.read("seals").height == 8 + (last > 29)
        assert ledger.check_seals() == 8 + (last > 29)


def test_a_seal_that_may_be_lost_is_known_to_who_opens_the_record_again(tmp_path):
    path = tmp_path / "l.sqlite"
    with Ledger.open(path) as ledger:
        live(ledger, 0, 5)
        ledger.seal(5, durable=False)
        assert not seals_beside(path)
    with Ledger.open(path) as ledger:
        assert ledger.check_seals() == 1
        ledger.seal(6)  # nothing new to seal, and yet the file is written
        assert len(seals_beside(path)) == 1
