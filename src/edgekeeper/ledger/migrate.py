"""Bring a database to the schema this version of Edgekeeper writes, forward or back."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, column, inspect, select, table

from edgekeeper.errors import BadData
from edgekeeper.ledger.database import immediate
from edgekeeper.ledger.hypertables import make_hypertables
from edgekeeper.ledger.schema import REVISION
from edgekeeper.ledger.views import create_views, drop_views

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = [
    "VERSION_TABLE",
    "bring_up_to_date",
    "check_version",
    "downgrade",
    "script_folder",
    "upgrade",
]

VERSION_TABLE = "ledger_version"
"""Ours alone: other tools that use Alembic may share a PostgreSQL database."""


def script_folder() -> Path:
    """Where the migrations lie inside the package."""
    return Path(__file__).parent / "migrations"


def bring_up_to_date(engine: Engine, place: object) -> None:
    """Create the tables, or migrate older ones; one transaction, so a kill leaves all or nothing.

    Raises
    ------
    BadData
        Not a ledger, or written by a newer Edgekeeper.
    """
    with engine.connect() as connection:
        if _version(connection, place) == REVISION:
            return
    with immediate(engine.connect()) as connection, connection.begin():
        upgrade(connection, REVISION)
        make_hypertables(connection)


def check_version(engine: Engine, place: object) -> None:
    """Refuse what cannot be read as it stands.

    Raises
    ------
    BadData
        Not a ledger, older than this version (open it once to write), or newer.
    """
    with engine.connect() as connection:
        version = _version(connection, place)
    if version is None:
        raise BadData(f"expected a ledger at {place}, got an empty database: check the path")
    if version != REVISION:
        raise BadData(
            f"expected schema {REVISION} in {place}, got the older {version}: open it once for "
            "writing, which migrates it"
        )


def _version(connection: Connection, place: object) -> str | None:
    """Revision of the database; ``None`` where it has no tables yet."""
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if VERSION_TABLE not in tables:
        if connection.dialect.name != "sqlite":
            return None  # a server's database may well be shared
        raise BadData(
            f"expected a ledger at {place}, got another database (tables {tables[:3]}): "
            "name another file"
        )
    version = connection.execute(
        select(column("version_num")).select_from(table(VERSION_TABLE))
    ).scalar()
    if version is not None and version not in _known_revisions():
        raise BadData(
            f"expected schema {REVISION} or older in {place}, got {version}: it was written by a "
            "newer Edgekeeper, upgrade this one"
        )
    return None if version is None else str(version)


def _known_revisions() -> set[str]:
    return {path.name.split("_")[0] for path in (script_folder() / "versions").glob("[0-9]*.py")}


def upgrade(
    connection: Connection, revision: str = "head", *, extra_scripts: Path | None = None
) -> None:
    """Run migrations forward inside the connection's transaction, which the caller commits.

    Parameters
    ----------
    connection : Connection
        With an open transaction.
    revision : str
        Where to stop; by default the newest.
    extra_scripts : Path, optional
        A folder with further revisions, for those who extend the schema.
    """
    from alembic import command

    drop_views(connection)
    command.upgrade(_config(connection, extra_scripts), revision)
    if revision in (REVISION, "head"):
        create_views(connection)


def downgrade(connection: Connection, revision: str, *, extra_scripts: Path | None = None) -> None:
    """Run migrations back to ``revision``; ``"base"`` drops every table. See :func:`upgrade`."""
    from alembic import command

    drop_views(connection)
    command.downgrade(_config(connection, extra_scripts), revision)
    if revision == REVISION:
        create_views(connection)


def _config(connection: Connection, extra_scripts: Path | None) -> "Config":
    from alembic.config import Config

    folders = [script_folder() / "versions", *([extra_scripts] if extra_scripts else [])]
    config = Config()
    config.set_main_option("script_location", _escaped(script_folder()))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(_escaped, folders)))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
