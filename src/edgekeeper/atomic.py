"""Write a file whole or not at all."""

import os
from pathlib import Path

from edgekeeper.errors import StorageError

__all__ = ["write_atomically"]


def write_atomically(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write ``content`` beside ``path``, flush it to disk, then rename it into place.

    A reader sees the old file or the new one. On any failure the old file is untouched and no
    temporary file remains. With ``mode``, such as ``0o600``, nobody else may read it at any moment.

    Raises
    ------
    StorageError
        Disk full, quota reached, folder missing or not writable.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                if mode is not None:
                    os.fchmod(file.fileno(), mode)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StorageError(
            f"could not write {path} ({len(content):,} bytes): {error.strerror or error}; what was "
            "there before is unchanged: free some space or choose a writable folder, then try again"
        ) from error
