"""``Ledger``: append-only facts in SQL, sealed by one hash chain per writer role."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy import Engine

from edgekeeper.clock import Clock
from edgekeeper.errors import UsageError, nearest
from edgekeeper.ledger.archive import Archive
from edgekeeper.ledger.database import connect
from edgekeeper.ledger.digest import GENESIS
from edgekeeper.ledger.failures import storage_errors
from edgekeeper.ledger.group_commit import GroupCommitter
from edgekeeper.ledger.holdings import Holdings, read_holdings
from edgekeeper.ledger.journal import Journal
from edgekeeper.ledger.loading import SegmentReader
from edgekeeper.ledger.lock import Claim, claim_role
from edgekeeper.ledger.migrate import bring_up_to_date, check_version
from edgekeeper.ledger.moving import copy_rows
from edgekeeper.ledger.proving import Prover
from edgekeeper.ledger.querying import run_query
from edgekeeper.ledger.reading import Selection, read_table
from edgekeeper.ledger.schema import FACTS
from edgekeeper.ledger.sealing import (
    check_seals,
    heads,
    links_at,
    read_seals,
    seal_file,
    unsealed,
    write_seals,
)
from edgekeeper.ledger.stores import store_of
from edgekeeper.ledger.transaction import MARKET_ROLES, OPERATIONAL_ROLES, Transaction
from edgekeeper.ledger.values import cast_column
from edgekeeper.ledger.verify import Verified, verify_chain
from edgekeeper.ledger.views import VIEWS

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Ledger"]

ROLES = (*MARKET_ROLES, *OPERATIONAL_ROLES)


class Ledger:
    """The record that the loops share. Open it with :meth:`open`; close it, or use ``with``.

    Writing is by role, and a role has one writer at a time, whichever process that is. Readers are
    as many as one likes and never wait. Methods may be called from several threads.

    Examples
    --------
    >>> with Ledger.open("sqlite://") as ledger:
    ...     with ledger.transaction("trade", event_time_ns=5) as tx:
    ...         tx.append("equity", {"event_time_ns": 5, "account": ["bot", "rules"],
    ...                              "equity": [1.0, float("nan")]})
    ...     ledger.read("equity", ["account", "equity"], where={"account": "rules"}).rows()
    [('rules', None)]
    """

    def __init__(self, engine: Engine, file: Path | None, *, read_only: bool) -> None:
        self._engine = engine
        self._file = file
        self._read_only = read_only
        self._prover: Prover | None = None
        self._journal = Journal(engine)
        self._segments = SegmentReader(engine, store_of(engine, file), self.place)
        self._claims: dict[str, Claim] = {}
        self._claiming = Lock()
        self._live: list[GroupCommitter] = []
        self._closed = False

    @classmethod
    def open(
        cls,
        where: str | PathLike[str],
        *,
        read_only: bool = False,
        prove: bool = False,
        patience_s: float = 5.0,
    ) -> "Ledger":
        """Open a ledger; create it, or migrate an older one, unless ``read_only``.

        Parameters
        ----------
        where : path or URL
            A file (its folder is made), or a URL of SQLAlchemy for SQLite or PostgreSQL.
            ``"sqlite://"`` lives in memory, for one thread.
        read_only : bool
            Never write: neither facts nor migrations.
        prove : bool
            Whoever writes starts over. A market-time link that stands already is compared instead
            of written; past the end of the record links are new, or, where the ledger is
            read-only, end the run with :class:`RecordEnds`.
        patience_s : float
            Seconds to wait while another process commits.

        Raises
        ------
        UsageError
            Neither a path nor a URL we can use.
        StorageError
            Unwritable, missing (read-only), locked, disk full.
        BadData
            Not a ledger, damaged, or written by a newer Edgekeeper.
        """
        engine, file = connect(where, read_only=read_only, patience_s=patience_s)
        ledger = cls(engine, file, read_only=read_only)
        try:
            with ledger._translating():
                if read_only:
                    check_version(engine, ledger.place)
                else:
                    bring_up_to_date(engine, ledger.place)
                if prove:
                    ledger._start_over()
        except BaseException:
            ledger.close()
            raise
        return ledger

    def _start_over(self) -> None:
        """Put a cursor at the start of each market-time chain, and let nobody else move its end."""
        if not self._read_only:
            for role in MARKET_ROLES:
                self._claim(role)
        self._prover = Prover(
            self._engine, self._segments, MARKET_ROLES, may_write=not self._read_only
        )
        self._journal = Journal(self._engine, self._prover)

    @cached_property
    def place(self) -> str:
        """Path or URL, without any password."""
        return str(self._file or self._engine.url.render_as_string())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give up every role and close the database. A second call does nothing."""
        if self._closed:
            return
        for writer in self._live:
            writer.close()
        self._closed = True
        with self._translating():
            self._journal.close()
            for claim in self._claims.values():
                claim.release()
            self._engine.dispose()

    # -- writing --------------------------------------------------------------------------------

    def transaction(
        self, role: str, *, event_time_ns: int | None = None, durable: bool = False
    ) -> Transaction:
        """Collect facts in a ``with`` block; its end writes them as one link of the role's chain.

        Parameters
        ----------
        role : str
            ``"trade"`` or ``"learn"`` (market time), or ``"operations"`` (wall time).
        event_time_ns : int, optional
            The epoch; becomes part of the link.
        durable : bool
            Wait for the disk, so that a power cut loses nothing: for orders and API answers. The
            default survives a killed process.

        Raises
        ------
        UsageError
            An unknown role, or a ledger that is closed or read-only.
        StorageError
            Someone else writes as this role.
        """
        self._check_open()
        _check_role(role)
        if not self._read_only:
            self._claim(role)
        elif self._prover is None or role not in MARKET_ROLES:
            raise UsageError(f"ledger {self.place} was opened read-only: open it for writing")
        (when,) = cast_column("event_time_ns", event_time_ns, int, 1)
        epoch = None if when is None else int(when)
        return Transaction(self._journal, role, epoch, durable, self._translating)

    def live(self, role: str, *, most_links: int = 256, gather_ms: float = 0.0) -> GroupCommitter:
        """Append from several threads, acknowledged by groups. Close it, or close the ledger.

        Parameters
        ----------
        role : str
        most_links : int
            Size of a group.
        gather_ms : float
            How long a group that is not full waits for more.

        Raises
        ------
        UsageError
            As for :meth:`transaction`; a ledger whose run starts over, or one in memory.
        StorageError
            Someone else writes as this role.
        """
        self.transaction(role)
        if self._prover is not None:
            raise UsageError("expected a ledger that goes on, got one whose run starts over")
        if self._file is None and self._engine.dialect.name == "sqlite":
            raise UsageError("expected a ledger for several threads, got one in memory: use a file")
        writer = GroupCommitter(
            self._journal,
            lambda when: self.transaction(role, event_time_ns=when),
            self._translating,
            most_links=most_links,
            gather_ms=gather_ms,
        )
        self._live.append(writer)
        return writer

    def seal(self, event_time_ns: int) -> None:
        """Write the heads of the market-time chains down, in the record and in a file beside it.

        Durable: once sealed, a chain that lost its end is noticed by :meth:`check_seals`. While a
        run that started over has not reached the end of its record, there is nothing to do.
        """
        if self.unproved or self._read_only:
            return
        with self._translating():
            new = unsealed(self._engine, MARKET_ROLES, event_time_ns)
        if new:
            with self.transaction("operations", event_time_ns=event_time_ns, durable=True) as tx:
                for one in new:
                    tx.append("seals", asdict(one))
        if self._file is not None:
            with self._translating():
                write_seals(seal_file(self._file), read_seals(self._engine))

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
        self._check_open()
        with self._translating():
            file = None if self._file is None else seal_file(self._file)
            return check_seals(self._engine, self.place, file)

    def archive(self, clock: Clock) -> Archive:
        """Return what moves bulk rows into segments and lets old ones go, by a clock of wall time.

        Raises UsageError where rows are not :attr:`in_reach`, and StorageError where another
        process writes as the operational role.
        """
        if not self.in_reach:
            raise UsageError(
                f"ledger {self.place} is in memory, read-only or closed, so no rows can be moved: "
                "open it in a file, for writing"
            )
        role = OPERATIONAL_ROLES[0]
        record = partial(self.transaction, role, durable=True)
        record()  # claims the role
        return Archive(self._segments, record, self._withhold, self._translating, clock)

    @property
    def file(self) -> Path | None:
        """Where the database lies, if it is a file."""
        return self._file

    @property
    def in_reach(self) -> bool:
        """Whether bulk rows can be moved, let go or withheld: neither read-only nor in memory."""
        in_memory = self._engine.dialect.name == "sqlite" and self._file is None
        return not (self._read_only or in_memory or self._closed)

    def _withhold(self, tables: frozenset[str]) -> None:
        self._journal.withheld = tables

    def holdings(self) -> Holdings:
        """What the record says of its bulk rows: segments, what was let go, what was not kept."""
        self._check_open()
        with self._translating(), self._engine.connect() as connection:
            return read_holdings(connection)

    def check_segments(self) -> Holdings:
        """Hold each segment that has to be there against its digest; raise BadData naming one."""
        held = self.holdings()
        with self._translating():
            for segment in held.standing():
                self._segments.content(segment)
        return held

    def _claim(self, role: str) -> None:
        if role in self._claims:
            return
        with self._claiming, self._translating():
            if role not in self._claims:
                self._claims[role] = claim_role(role, self._engine, self._file)

    @property
    def unproved(self) -> dict[str, int]:
        """Links that a run which started over has not met again yet, by role; else empty."""
        return {} if self._prover is None else self._prover.left

    # -- reading --------------------------------------------------------------------------------

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
        self._check_open()
        with self._translating():
            wanted = Selection(columns, where or {}, since_ns, until_ns, order, descending, limit)
            return read_table(self._engine, self._segments, table, wanted)

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
        self._check_open()
        with self._translating():
            return run_query(self._engine, self._segments, sql, limit)

    def head(self, role: str) -> str:
        """Digest of the role's last link, hex; zeros before the first. Of ``trade``: *the* hash."""
        self._check_open()
        _check_role(role)
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
        self._check_open()
        _check_role(role)
        with self._translating():
            since = 0 if since_ns is None else links_at(self._engine, role, since_ns)
            return verify_chain(
                self._engine, self._segments, role, self.place, head=head, since_link=since
            )

    def copy_to(self, where: str | PathLike[str], *, sharing: Path | None = None) -> int:
        """Copy the whole record to another place, of whatever kind, and verify it there.

        Chains keep their hashes. Whoever writes here meanwhile is not part of the copy. Segments
        that an older copy at ``sharing`` has too are linked to it, where the file system can.

        Returns
        -------
        int
            Rows copied.

        Raises
        ------
        UsageError
            A place that holds rows already.
        BadData
            This record does not hold, or the copy does not; then nothing should be built on it.
        """
        self._check_open()
        with self._translating(), Ledger.open(where) as target:
            rows = copy_rows(self._segments, target._segments, sharing)
            if target._file is not None:
                write_seals(seal_file(target._file), read_seals(target._engine))
            for role in ROLES:
                target.verify(role)
            target.check_seals()
        return rows

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError(f"ledger {self.place} is closed: open it again")

    def _translating(self) -> AbstractContextManager[None]:
        driver = self._engine.dialect.loaded_dbapi.Error
        return storage_errors(self.place, driver)


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(
            f"expected a role of {', '.join(ROLES)}, got {role!r}{nearest(role, ROLES)}"
        )
