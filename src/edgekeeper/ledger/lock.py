"""At most one writer per role: a claim that ends with the process that holds it."""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from edgekeeper.errors import StorageError

__all__ = ["Claim", "claim_role", "is_claimed"]


class Claim(Protocol):
    """The right to write as one role."""

    def release(self) -> None:
        """Give the right back."""
        ...


def claim_role(role: str, engine: Engine, file: Path | None) -> Claim:
    """Claim ``role`` on a ledger, or say who has it.

    SQLite: a locked file beside the ledger, which the system unlocks when its holder dies.
    PostgreSQL: an advisory lock of one session. A database in memory has one owner anyway.

    Raises
    ------
    StorageError
        Another process, or another ledger object of this one, writes as this role.
    """
    if file is not None:
        return FileClaim(_lock_file(file, role), role)
    if engine.dialect.name == "postgresql":
        return SessionClaim(engine, role)
    return NoClaim()


def is_claimed(role: str, engine: Engine, file: Path | None) -> bool:
    """Whether anyone writes as ``role`` now; looks, and claims nothing."""
    if file is not None:
        return _is_locked(_lock_file(file, role))
    if engine.dialect.name != "postgresql":
        return False
    asked = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted "
        "AND ((classid::bigint << 32) | objid::bigint) = :key"
    )
    with engine.connect() as connection:
        return bool(connection.execute(asked, {"key": _key(role)}).scalar())


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _lock_file(file: Path, role: str) -> Path:
    return file.with_name(f"{file.name}.{role}.lock")


def _key(role: str) -> int:
    """Name of a role's advisory lock."""
    raw = hashlib.sha256(f"edgekeeper.{role}".encode()).digest()
    return int.from_bytes(raw[:8], "little", signed=True)


class NoClaim:
    """Nothing to claim: a database in memory."""

    def release(self) -> None:
        """Nothing to give back."""


class FileClaim:
    """An exclusive ``flock`` on ``path``; the file holds the process id, and goes on release."""

    def __init__(self, path: Path, role: str) -> None:
        self._path = path
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
                os.close(descriptor)
                raise _taken(role, path, holder) from error
            if self._is_still(descriptor):
                break
            os.close(descriptor)  # its holder removed the file between our open and our lock
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def _is_still(self, descriptor: int) -> bool:
        try:
            return self._path.stat().st_ino == os.fstat(descriptor).st_ino
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Remove the file and unlock it, in this order."""
        try:
            self._path.unlink(missing_ok=True)
        finally:
            os.close(self._descriptor)


class SessionClaim:
    """A PostgreSQL advisory lock, held by a session of its own."""

    def __init__(self, engine: Engine, role: str) -> None:
        self._key = _key(role)
        self._session: Connection = engine.connect()
        asked = text("SELECT pg_try_advisory_lock(:key)")
        if not self._session.execute(asked, {"key": self._key}).scalar():
            self._session.close()
            raise _taken(role, engine.url.render_as_string(), "")
        self._session.commit()

    def release(self) -> None:
        """Unlock, and end the session; one that the server has ended holds nothing any more."""
        try:
            self._session.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": self._key})
        except OperationalError:
            self._session.invalidate()
        finally:
            self._session.close()


def _taken(role: str, place: object, holder: str) -> StorageError:
    who = f"process {holder}" if holder else "another process"
    return StorageError(
        f"expected to be the only writer of role {role!r}, but {who} is ({place}): stop it first, "
        "or open the ledger read-only"
    )
