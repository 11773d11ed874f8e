import pytest

from edgekeeper.atomic import write_atomically
from edgekeeper.errors import StorageError


def test_replaces_whole_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "new" / "file"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_a_failed_write_leaves_what_was_there(tmp_path):
    taken = tmp_path / "folder"
    (taken / "inside").mkdir(parents=True)
    with pytest.raises(StorageError, match="unchanged"):
        write_atomically(taken, b"content")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "inside"]
    with pytest.raises(StorageError, match="File name too long"):
        write_atomically(tmp_path / ("n" * 300), b"")


def test_a_mode_holds_from_the_first_byte_on(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o644)
    write_atomically(path, b"new", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600
