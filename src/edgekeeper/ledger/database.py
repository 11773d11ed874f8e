"""Open the database under a ledger: SQLite in WAL mode from a path, or a URL of SQLAlchemy."""

import os
import sqlite3
import time
from functools import partial
from os import PathLike
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from edgekeeper.errors import StorageError, UsageError

__all__ = ["begin", "connect", "immediate"]

DIALECTS = ("sqlite", "postgresql")
_WAL_PAGES = 8_000  # 32 MB between checkpoints, each of which some append has to wait for
_PAUSE_S = 0.01
_IMMEDIATE = "edgekeeper_immediate"


def connect(
    where: str | PathLike[str], *, read_only: bool, patience_s: float
) -> tuple[Engine, Path | None]:
    """Return an engine, and the file where it is SQLite on disk; only its folder is made yet.

    Parameters
    ----------
    where : path or URL
        ``run/ledger.sqlite``, ``sqlite:///...`` or ``postgresql://...``.
    read_only : bool
        Never write, and never create.
    patience_s : float
        Seconds to wait for another process's transaction.
    """
    url = _url_of(where)
    if url.get_backend_name() not in DIALECTS:
        raise UsageError(
            f"expected a path or a URL of {' or '.join(DIALECTS)}, got {url.drivername!r}"
        )
    try:
        if url.get_backend_name() != "sqlite":
            return _on_server(url, patience_s), None
    except ModuleNotFoundError as error:
        raise UsageError(f"{url.drivername}: install its driver {error.name!r} first") from error
    file = None
    if url.database and url.database != ":memory:":
        file = Path(url.database).absolute()
        _check_file(file, read_only=read_only)
        mode = _read_mode(file) if read_only else {"mode": "rwc"}
        url = url.set(database=f"file:{_quoted(file)}")
        url = url.update_query_dict({**mode, "uri": "true"})
    engine = create_engine(url, connect_args={"timeout": patience_s, "check_same_thread": False})
    prepare = partial(_prepare_sqlite, patience_s) if file and not read_only else _take_control
    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin_transaction)
    return engine, file


def _on_server(url: URL, patience_s: float) -> Engine:
    engine = create_engine(url, paramstyle="format")

    def be_impatient(connection: DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = {max(1, round(patience_s * 1e3))}")
        cursor.close()
        connection.commit()

    event.listen(engine, "connect", be_impatient)
    return engine


def _url_of(where: str | PathLike[str]) -> URL:
    text = str(where)
    if not text.strip() or "\x00" in text:
        raise UsageError(f"expected a path or a URL for the ledger, got {text!r}")
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
        url.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise UsageError(
            f"expected a URL such as sqlite:///ledger.sqlite, got {text.split('://')[0]}://...: "
            f"{error}"
        ) from error
    except ModuleNotFoundError as error:
        raise UsageError(f"{text.split(':')[0]}: install {error.name!r} first") from error
    return url


def _quoted(file: Path) -> str:
    return str(file).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _check_file(file: Path, *, read_only: bool) -> None:
    """Say plainly what SQLite would only call "unable to open database file"."""
    try:
        if file.is_dir():
            raise StorageError(f"expected a file for the ledger, got the folder {file}")
        if read_only:
            if not file.is_file():
                raise StorageError(f"expected a ledger at {file}, found none: check the path")
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot keep a ledger at {file}: {error.strerror or error}; choose a folder that "
            "may be written to"
        ) from error


def _read_mode(file: Path) -> dict[str, str]:
    """A settled file is read without WAL's side files, so that a read-only folder will do."""
    wal = file.with_name(f"{file.name}-wal")
    settled = not wal.exists() and not file.with_name(f"{file.name}-shm").exists()
    if settled and not os.access(file.parent, os.W_OK):
        return {"mode": "ro", "immutable": "1"}
    return {"mode": "ro"}


def _take_control(connection: sqlite3.Connection, _record: object) -> None:
    """Leave BEGIN to us: the driver's own rules would commit in the middle of a migration."""
    connection.isolation_level = None


def _prepare_sqlite(patience_s: float, connection: sqlite3.Connection, record: object) -> None:
    _take_control(connection, record)
    _keep_a_log(connection, patience_s)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")


def _keep_a_log(connection: sqlite3.Connection, patience_s: float) -> None:
    """Turn to WAL mode. SQLite does not wait where others turn a new file at once, so we do."""
    until = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= until:
                raise
            time.sleep(_PAUSE_S)


def _begin_transaction(connection: Connection) -> None:
    at_once = connection.get_execution_options().get(_IMMEDIATE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if at_once else "BEGIN")


def immediate(connection: Connection) -> Connection:
    """Let the connection's transactions take the write lock at their start (SQLite)."""
    return connection.execution_options(**{_IMMEDIATE: True})


def begin(cursor: DBAPICursor, dialect: str, *, durable: bool, changed: bool = True) -> None:
    """Open a write transaction on a bare driver cursor; ``durable`` survives a power cut.

    Both keep the setting for a connection: it is made again only where it ``changed``, which is
    also after a rollback.
    """
    if dialect == "sqlite":
        if changed:
            cursor.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        cursor.execute("BEGIN IMMEDIATE")
    elif changed:
        cursor.execute(f"SET synchronous_commit = {'on' if durable else 'off'}")
