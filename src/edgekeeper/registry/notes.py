"""What people write beside packages: tags and notes, one small file a package, never its content.

A package is immutable; what one thinks of it is not. So the file lies in ``notes/<hash>.json``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from edgekeeper.errors import BadData, UsageError
from edgekeeper.models.canonical import Json, canonical_bytes, canonical_record
from edgekeeper.models.fields import Fields
from edgekeeper.registry.disk import Registry
from edgekeeper.registry.folder import storing, write_file

__all__ = ["Notes", "read_notes", "write_notes"]

_FORMAT = 1
_LARGEST = 64 * 2**10
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Notes:
    """Tags and a note.

    Attributes
    ----------
    tags : mapping of name to text
    note : str
    """

    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    def with_tags(self, tags: Mapping[str, str]) -> Self:
        """Return notes with tags set; an empty text takes a tag away.

        Raises
        ------
        UsageError
            A name or text that is empty, long, or not printable.
        """
        for name, text in tags.items():
            if not (
                0 < len(name) <= _LONGEST and len(text) <= _LONGEST and (name + text).isprintable()
            ):
                raise UsageError(f"expected a short printable tag, got {name!r} with {text!r}")
        kept = {name: text for name, text in {**self.tags, **tags}.items() if text}
        return replace(self, tags=kept)


def read_notes(registry: Registry, hash: str) -> Notes:
    """Return what was written beside a package; empty where nothing was.

    Raises
    ------
    BadData
        The file is damaged.
    """
    registry.folder(hash)  # refuses what is no hash
    path = registry.root / "notes" / f"{hash}.json"
    with storing(f"read {path}"):
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST)
        except FileNotFoundError:
            return Notes()
    where = f"notes of {hash[:12]}"
    with Fields(canonical_record(data, where), where) as record:
        if (version := record.integer("format")) != _FORMAT:
            raise BadData(f"{where}: expected format {_FORMAT}, got {version}")
        tags = record.mapping("tags")
        if not all(isinstance(text, str) for text in tags.values()):
            raise BadData(f"{where}: expected texts as tags")
        return Notes({name: str(text) for name, text in tags.items()}, record.text("note"))


def write_notes(registry: Registry, hash: str, notes: Notes) -> None:
    """Write tags and note beside a package, in place of those before.

    Raises
    ------
    UsageError
        A note that is not printable, or too long.
    StorageError
        The folder cannot be written.
    """
    registry.manifest(hash)
    tags: dict[str, Json] = dict(notes.tags)
    data = canonical_bytes({"format": _FORMAT, "tags": tags, "note": notes.note})
    if len(data) > _LARGEST or not notes.note.replace("\n", " ").isprintable():
        raise UsageError(f"note: expected printable text of at most {_LARGEST} bytes")
    folder = registry.root / "notes"
    with storing(f"make {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
    write_file(folder / f"{hash}.json", data)
