"""``Record``: the reading half of a ledger, which whoever may not write has as well."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from edgekeeper.errors import UsageError, nearest
from edgekeeper.ledger.digest import GENESIS
from edgekeeper.ledger.failures import storage_errors
from edgekeeper.ledger.holdings import Holdings, read_holdings
from edgekeeper.ledger.loading import SegmentReader
from edgekeeper.ledger.querying import run_query
from edgekeeper.ledger.reading import Selection, read_table
from edgekeeper.ledger.schema import FACTS
from edgekeeper.ledger.sealing import check_seals, heads, links_at
from edgekeeper.ledger.stores import store_of
from edgekeeper.ledger.tallying import Tally, last_entries, tally_table
from edgekeeper.ledger.transaction import MARKET_ROLES, OPERATIONAL_ROLES
from edgekeeper.ledger.verify import Verified, verify_chain
from edgekeeper.ledger.views import VIEWS

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ROLES", "Record", "check_role"]

ROLES = (*MARKET_ROLES, *OPERATIONAL_ROLES)


class Record:
    """What one may ask of a ledger: facts, views, chains, seals, segments.

    Parameters
    ----------
    engine : Engine
    file : Path or None
        Of the database, where it is SQLite on disk.
    """

    def __init__(self, engine: Engine, file: Path | None) -> None:
        self._engine = engine
        self._file = file
        self._segments = SegmentReader(engine, store_of(engine, file), self.place)
        self._closed = False

    @cached_property
    def place(self) -> str:
        """Path or URL, without any password."""
        return str(self._file or self._engine.url.render_as_string())

    @property
    def file(self) -> Path | None:
        """Where the database lies, if it is a file."""
        return self._file

    def tables(self) -> dict[str, str]:
        """Names of the tables of facts, each with what it holds."""
        return {name: str(table.info["doc"]) for name, table in FACTS.items()}

    def read(
        self,
        table: str,
        columns: Sequence[str] | None = None,
        *,
        where: Mapping[str, object] | None = None,
        since_ns: int | None = None,
        until_ns: int | None = None,
        after: int | None = None,
        before: int | None = None,
        order: Sequence[str] = (),
        descending: bool = False,
        limit: int | None = None,
    ) -> "pl.DataFrame":
        """Read facts in the order they were written, or in another.

        Parameters
        ----------
        table : str
            A table of facts, or ``"chain"`` or ``"batches"``.
        columns : sequence of str, optional
            Which; by default all but ``entry``.
        where : mapping, optional
            Column to the value it must have, a list of values, or ``None`` for NULL.
        since_ns, until_ns : int, optional
            Bounds of the table's first time column, both inclusive.
        after, before : int, optional
            Only rows written after, or before, the one with this ``entry``: quick, however long
            the table.
        order : sequence of str
            Columns to sort by, before the order of writing.
        descending : bool
            Newest (largest) first.
        limit : int, optional
            At most so many rows.

        Returns
        -------
        polars.DataFrame
            Times as int64 nanoseconds UTC; unknown values are null.

        Raises
        ------
        UsageError
            An unknown table or column; the message names the nearest.
        """
        self._settle()
        with self._translating():
            wanted = Selection(
                columns, where or {}, since_ns, until_ns, after, before, order, descending, limit
            )
            return read_table(self._engine, self._segments, table, wanted)

    def tally(
        self,
        table: str,
        by: Sequence[str],
        *,
        largest: Sequence[str] = (),
        summed: Sequence[str] = (),
        where: Mapping[str, object] | None = None,
        after: int = 0,
    ) -> "pl.DataFrame":
        """Count the rows of each group, in the database.

        Parameters
        ----------
        table : str
            A table of facts that stays in the database (not signals, nor forecasts).
        by : sequence of str
            Columns whose values make a group.
        largest, summed : sequence of str
            Columns whose largest value, or sum, of each group is wanted, as ``most_<column>`` and
            ``sum_<column>``.
        where, after : optional
            As for :meth:`read`.

        Returns
        -------
        polars.DataFrame
            A row for each group: its values, ``rows``, and the ``last`` entry.

        Raises
        ------
        UsageError
            An unknown table, or one whose rows move to segments.
        """
        self._settle()
        with self._translating():
            wanted = Tally(by, largest, summed, where or {}, after)
            return tally_table(self._engine, table, wanted)

    def last_entries(self, tables: Sequence[str]) -> dict[str, int]:
        """Return the entry of each table's last row, 0 where it has none: by one look-up each.

        For whoever reads ``after`` what it has seen, and finds nothing new most of the time.

        Raises
        ------
        UsageError
            An unknown table, or one whose rows move to segments.
        """
        self._settle()
        with self._translating():
            return last_entries(self._engine, tables)

    def views(self) -> dict[str, str]:
        """Names of the views for :meth:`query`, each with what it shows."""
        return {name: view.doc for name, view in VIEWS.items()}

    def query(self, sql: str, *, limit: int | None = None) -> "pl.DataFrame":
        """Read by SQL: tables of facts, ``chain`` and ``batches``, and :meth:`views`.

        Parameters
        ----------
        sql : str
            One statement, in the database's own dialect. It cannot write.
        limit : int, optional
            At most so many rows.

        Raises
        ------
        UsageError
            SQL that the database does not take, or that would write.
        """
        self._settle()
        with self._translating():
            return run_query(self._engine, self._segments, sql, limit)

    def head(self, role: str) -> str:
        """Digest of the role's last link, hex; zeros before the first. Of ``trade``: *the* hash."""
        self._settle()
        check_role(role)
        with self._translating():
            found = heads(self._engine, [role], 0)
        return found[0].digest if found else GENESIS

    def verify(
        self, role: str, *, head: str | None = None, since_ns: int | None = None
    ) -> Verified:
        """Recompute the role's chain from its rows.

        Parameters
        ----------
        role : str
            Whose chain.
        head : str, optional
            What :meth:`head` is known to have been, from outside this file. Without it, links
            cut off at the end cannot be noticed.
        since_ns : int, optional
            Recompute rows only from the last seal at or before this instant; links are always
            held against one another from the first.

        Raises
        ------
        BadData
            Naming the first link that does not hold, its table, and what is wrong.
        """
        self._settle()
        check_role(role)
        with self._translating():
            since = 0 if since_ns is None else links_at(self._engine, role, since_ns)
            return verify_chain(
                self._engine, self._segments, role, self.place, head=head, since_link=since
            )

    def check_seals(self) -> int:
        """Hold the chains against all seals, those in the file beside the ledger among them.

        Returns
        -------
        int
            How many there are.

        Raises
        ------
        BadData
            A chain lost its end, or the ledger is another or an older one.
        """
        self._settle()
        with self._translating():
            return check_seals(self._engine, self.place, self._file)

    def holdings(self) -> Holdings:
        """What the record says of its bulk rows: segments, what was let go, what was not kept."""
        self._settle()
        with self._translating(), self._engine.connect() as connection:
            return read_holdings(connection)

    def check_segments(self) -> Holdings:
        """Hold each segment that has to be there against its digest; raise BadData naming one."""
        held = self.holdings()
        with self._translating():
            for segment in held.standing():
                self._segments.content(segment)
        return held

    def _settle(self) -> None:
        """Be ready to be read: whoever writes as well waits for what is on its way."""
        self._check_open()

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError(f"ledger {self.place} is closed: open it again")

    def _translating(self) -> AbstractContextManager[None]:
        driver = self._engine.dialect.loaded_dbapi.Error
        return storage_errors(self.place, driver)


def check_role(role: str) -> None:
    """Refuse a role that no chain has."""
    if role not in ROLES:
        raise UsageError(
            f"expected a role of {', '.join(ROLES)}, got {role!r}{nearest(role, ROLES)}"
        )
