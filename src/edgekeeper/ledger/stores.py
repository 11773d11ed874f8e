"""Where the bytes of segments lie: a folder beside a ledger file, else a table of the database."""

import os
import shutil
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, delete, insert, select

from edgekeeper.ledger.schema import segment_bytes

__all__ = ["FileStore", "SegmentStore", "TableStore", "segment_folder", "store_of"]


class SegmentStore(Protocol):
    """Keeps files by name. A name stands for its bytes, and is never written twice."""

    def put(self, name: str, content: bytes) -> None:
        """Keep bytes whole or not at all; they reach the disk before this returns."""
        ...

    def get(self, name: str) -> bytes | None:
        """Return the bytes, or ``None`` where there are none."""
        ...

    def names(self) -> set[str]:
        """Everything there is, unfinished files among it."""
        ...

    def remove(self, name: str) -> None:
        """Give the bytes up; nothing happens where there are none."""
        ...


def segment_folder(ledger: Path) -> Path:
    """Where the segments of a ledger file lie."""
    return ledger.with_name(f"{ledger.name}.segments")


def store_of(engine: Engine, file: Path | None) -> SegmentStore:
    """Return the store that belongs to a ledger."""
    return TableStore(engine) if file is None else FileStore(segment_folder(file))


class FileStore:
    """Files in a folder, which the first of them makes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, content: bytes) -> None:
        """Write beside, flush, rename, flush the folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{name}.{os.getpid()}.tmp"
        try:
            with draft.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self.folder / name)
        finally:
            draft.unlink(missing_ok=True)
        self._sync()

    def share(self, name: str, other: Path) -> bool:
        """Link to a file of the same name in another folder, where the file system can."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            os.link(other / name, self.folder / name)
        except OSError:
            return False
        self._sync()
        return True

    def get(self, name: str) -> bytes | None:
        """Read the whole file."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def names(self) -> set[str]:
        """Files in the folder, unfinished ones among them."""
        return {path.name for path in self.folder.iterdir()} if self.folder.is_dir() else set()

    def remove(self, name: str) -> None:
        """Unlink it."""
        (self.folder / name).unlink(missing_ok=True)

    def drop(self) -> None:
        """Remove the folder."""
        if self.folder.is_dir():
            shutil.rmtree(self.folder)

    def _sync(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class TableStore:
    """Rows of ``segment_bytes``, each in a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, name: str, content: bytes) -> None:
        """Insert, unless it is there."""
        if self.get(name) != content:
            with self._engine.begin() as connection:
                connection.execute(delete(segment_bytes).where(segment_bytes.c.name == name))
                connection.execute(insert(segment_bytes).values(name=name, content=content))

    def get(self, name: str) -> bytes | None:
        """Select it."""
        query = select(segment_bytes.c.content).where(segment_bytes.c.name == name)
        with self._engine.connect() as connection:
            content = connection.execute(query).scalar()
        return None if content is None else bytes(content)

    def names(self) -> set[str]:
        """Names in the table."""
        with self._engine.connect() as connection:
            return set(connection.execute(select(segment_bytes.c.name)).scalars())

    def remove(self, name: str) -> None:
        """Delete it."""
        with self._engine.begin() as connection:
            connection.execute(delete(segment_bytes).where(segment_bytes.c.name == name))
