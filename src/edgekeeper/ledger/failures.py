"""Turn every failure of the database or the disk into one of our errors, with what to do next."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from edgekeeper.errors import BadData, EdgekeeperError, StorageError

__all__ = ["storage_errors"]

_ADVICE = {
    "SQLITE_BUSY": "another process holds the database: wait for it, or stop it",
    "SQLITE_LOCKED": "another process holds the database: wait for it, or stop it",
    "SQLITE_FULL": "the disk or its quota is full: free some space, nothing was half-written",
    "SQLITE_IOERR": "the disk failed or is full: check it, nothing was half-written",
    "SQLITE_CANTOPEN": "check that its folder exists and may be written to",
    "SQLITE_READONLY": "the file or its folder is read-only: check its permissions",
    "SQLITE_PERM": "check the permissions of the file",
}
_SPOILT = ("SQLITE_NOTADB", "SQLITE_CORRUPT")


@contextmanager
def storage_errors(place: object, driver: type[Exception] = sqlite3.Error) -> Iterator[None]:
    """Translate what the database raises inside the block; ``place`` goes into the message.

    Raises
    ------
    BadData
        The file is damaged, or no database at all.
    StorageError
        Disk full, read-only, locked, unreachable.
    """
    try:
        yield
    except DBAPIError as error:
        raise _translated(place, error.orig or error) from error
    except driver as error:
        raise _translated(place, error) from error
    except OSError as error:
        raise StorageError(
            f"ledger {place}: {error.strerror or error}: check that its folder may be written to "
            "and the disk has room"
        ) from error


def _translated(place: object, error: BaseException) -> EdgekeeperError:
    name = str(getattr(error, "sqlite_errorname", ""))
    if name.startswith(_SPOILT) or isinstance(error, UnicodeDecodeError):
        return BadData(
            f"expected a ledger at {place}, got a damaged file or something else ({error}): "
            "restore it from a backup, or name another file"
        )
    family = next((known for known in _ADVICE if name.startswith(known)), "")
    advice = _ADVICE.get(family, "check that the database can be reached and written to")
    return StorageError(f"ledger {place}: {error}: {advice}")
