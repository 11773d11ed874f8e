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
    "55P03": "another session holds a lock on its tables: wait for it, or end it",
    "40": "another session was in the way: try again",
    "53100": "the server's disk is full: free some space, nothing was half-written",
    "53": "the server is out of memory or connections: relieve it",
    "25006": "the server takes no writes: it is read-only, or a standby",
    "42501": "this user may not write there: grant it the right",
    "57P": "the server is shutting down or starting: wait for it",
    "08": "the connection broke: check that the server runs and can be reached",
}
"""By the beginning of SQLite's name for it, or of PostgreSQL's code (SQLSTATE)."""
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
    state = str(getattr(error, "sqlstate", None) or "")
    if (
        name.startswith(_SPOILT)
        or state.startswith("XX00")
        or isinstance(error, UnicodeDecodeError)
    ):
        return BadData(
            f"expected a ledger at {place}, got a damaged file or something else ({error}): "
            "restore it from a backup, or name another file"
        )
    told = name or state
    known = (advice for start, advice in _ADVICE.items() if told.startswith(start))
    advice = next(known, "check that the database can be reached and written to")
    return StorageError(f"ledger {place}: {str(error).strip()}: {advice}")
