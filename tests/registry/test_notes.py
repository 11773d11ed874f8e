import pytest

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.registry import Registry
from edgekeeper.registry.notes import Notes, read_notes, write_notes


def test_notes_lie_beside_a_package(tmp_path, package):
    registry = Registry(tmp_path)
    folder = registry.save(package)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert read_notes(registry, package.hash) == Notes()
    notes = Notes(note="held up\nin March").with_tags({"owner": "anna", "desk": "fx"})
    write_notes(registry, package.hash, notes.with_tags({"desk": ""}))
    assert read_notes(registry, package.hash) == Notes({"owner": "anna"}, "held up\nin March")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_what_cannot_be_written(tmp_path, package):
    registry = Registry(tmp_path)
    registry.save(package)
    for tags in ({"": "x"}, {"a" * 300: "x"}, {"a": "\x1b[31m"}, {"a": "x" * 300}):
        with pytest.raises(UsageError, match="printable tag"):
            Notes().with_tags(tags)
    for note in ("\x1b[31m", "x" * 70_000):
        with pytest.raises(UsageError, match="note"):
            write_notes(registry, package.hash, Notes(note=note))
    with pytest.raises(StorageError, match="expected package"):
        write_notes(registry, "f" * 64, Notes())
    with pytest.raises(UsageError, match="64 hex"):
        read_notes(registry, "../../etc/passwd")


@pytest.mark.parametrize("data", [b"", b"{}\n", b'{"format":9,"note":"","tags":{}}\n',
                                  b'{"format":1,"note":"","tags":{"a":1}}\n'])  # fmt: skip
def test_damaged_notes_are_named(tmp_path, package, data):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / f"{package.hash}.json").write_bytes(data)
    with pytest.raises(BadData, match="notes of"):
        read_notes(Registry(tmp_path), package.hash)
