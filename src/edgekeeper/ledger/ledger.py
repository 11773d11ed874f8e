"""``Ledger``: append-only facts in SQL, sealed by one hash chain per writer role."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from os import PathLike
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self, TypeVar

from sqlalchemy import Engine

from edgekeeper.clock import Clock
from edgekeeper.errors import UsageError
from edgekeeper.ledger.archive import Archive, rows_at_most
from edgekeeper.ledger.database import connect
from edgekeeper.ledger.drafts import Drafts
from edgekeeper.ledger.gathering import Gathering
from edgekeeper.ledger.group_commit import GroupCommitter
from edgekeeper.ledger.journal import Journal
from edgekeeper.ledger.lock import Claim, claim_role, is_claimed
from edgekeeper.ledger.migrate import bring_up_to_date, check_version
from edgekeeper.ledger.moving import copy_rows
from edgekeeper.ledger.proving import Prover
from edgekeeper.ledger.record import ROLES, Record, check_role
from edgekeeper.ledger.schema import BULK_OF, FACTS
from edgekeeper.ledger.sealing import (
    SEALS_OF,
    Sealer,
    read_seals,
    seal_file,
    write_seals,
)
from edgekeeper.ledger.transaction import MARKET_ROLES, OPERATIONAL_ROLES, Transaction
from edgekeeper.ledger.values import cast_column

__all__ = ["Ledger"]

S = TypeVar("S")


class Ledger(Record):
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
        super().__init__(engine, file)
        self._read_only = read_only
        self._prover: Prover | None = None
        self._open_journal(None)
        self._claims: dict[str, Claim] = {}
        self._claiming = Lock()
        self._live: list[GroupCommitter] = []

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
                ledger.start_over()
        except BaseException:
            ledger.close()
            raise
        return ledger

    def start_over(self, roles: Sequence[str] = MARKET_ROLES) -> None:
        """Prove from here on what ``prove`` proves at opening, for these market-time roles.

        Another process may write as one that is left out: whoever goes on with a record that two
        processes write proves its own chain, and takes the other as it stands.

        Raises
        ------
        UsageError
            Something was written by this ledger already.
        StorageError
            Someone else writes as one of these roles.
        """
        if self._claims:
            raise UsageError("expected a ledger that has written nothing, got one that has")
        with self._translating():
            if not self._read_only:
                for role in roles:
                    self._claim(role)
            self._prover = Prover(
                self._engine, self._segments, roles, may_write=not self._read_only
            )
            self._open_journal(self._prover)

    def _open_journal(self, prover: Prover | None) -> None:
        self._journal = Journal(self._engine, prover)
        self._sealers = {
            role: Sealer(
                self._engine,
                self._journal,
                None if self._file is None else seal_file(self._file, role),
                sealed,
            )
            for role, sealed in SEALS_OF.items()
        }

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
        with self._translating(), ExitStack() as ending:  # from the last to the first
            ending.callback(self._engine.dispose)
            for claim in self._claims.values():
                ending.callback(claim.release)
            ending.callback(self._journal.close)
            for sealer in self._sealers.values():
                ending.callback(sealer.close)

    # -- writing --------------------------------------------------------------------------------

    def transaction(
        self,
        role: str,
        *,
        event_time_ns: int | None = None,
        durable: bool = False,
        behind: bool = False,
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
        behind : bool
            Go on before it is committed, for facts that a run can live again: soon, with others,
            or where ``durable`` while the disk is waited for. Whatever this ledger is asked to read
            or write next comes after it, and raises what it raised.

        Raises
        ------
        UsageError
            An unknown role, or a ledger that is closed or read-only.
        StorageError
            Someone else writes as this role.
        """
        journal = self._journal_of(role)
        (when,) = cast_column("event_time_ns", event_time_ns, int, 1)
        epoch = None if when is None else int(when)
        return Transaction(journal, role, epoch, durable, self._translating, behind)

    def _journal_of(self, role: str) -> Journal:
        """Return what writes, with the claim on a role."""
        self._check_open()
        check_role(role)
        if not self._read_only:
            self._claim(role)
        elif self._prover is None or role not in MARKET_ROLES:
            raise UsageError(f"ledger {self.place} was opened read-only: open it for writing")
        return self._journal

    def gather(self, role: str, record: Callable[[Drafts, Sequence[S]], None]) -> Gathering[S]:
        """Take steps of a run that can be lived again, to be recorded some at once, a link each.

        Parameters
        ----------
        role : str
        record : callable
            Appends the facts of steps to as many links, see :class:`Gathering`.
        """
        return Gathering(role, record, partial(self._journal_of, role), self._translating)

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

    def seal(
        self,
        event_time_ns: int,
        *,
        behind: bool = False,
        durable: bool = True,
        role: str = OPERATIONAL_ROLES[0],
    ) -> None:
        """Write the heads of the market-time chains down, in the record and in a file beside it.

        Once sealed, a chain that lost its end is noticed by :meth:`check_seals`. While a run that
        started over has not reached the end of its record, there is nothing to do.

        Parameters
        ----------
        event_time_ns : int
            Market time.
        behind : bool
            Go on while both are on their way to the disk, as in :meth:`transaction`.
        durable : bool
            Have both reach the disk. Without it the record alone is sealed, for a run that can be
            lived again, and the file takes the seal over with the next durable one: it must never
            know more than a power cut leaves of the record.
        role : str
            ``"signals"``: seal that chain instead, by wall time.
        """
        if self.unproved or self._read_only:
            return
        sealer = self._sealers[role]
        self.transaction(role)  # claims it: from here on nobody else seals
        with self._translating():
            new = sealer.due(event_time_ns)
        if new:
            with self.transaction(
                role, event_time_ns=event_time_ns, durable=durable, behind=True
            ) as tx:
                for one in new:
                    tx.append("seals", asdict(one))
        with self._translating():
            sealer.note(new, durable=durable)
            if not behind:
                sealer.wait()

    def archive(self, clock: Clock, role: str = OPERATIONAL_ROLES[0]) -> Archive:
        """Return what moves bulk rows into segments and lets old ones go, by a clock of wall time.

        The rows are those of a run, or with the role ``"signals"`` those of a side-car.

        Raises UsageError where rows are not :attr:`in_reach`, and StorageError where another
        process writes as the operational role.
        """
        if not self.in_reach:
            raise UsageError(
                f"ledger {self.place} is in memory, read-only or closed, so no rows can be moved: "
                "open it in a file, for writing"
            )
        self._settle()
        record = partial(self.transaction, role, durable=True)
        record()  # claims the role
        return Archive(
            self._segments, record, self._withhold, self._translating, clock, BULK_OF[role],
            SEALS_OF[role],
        )  # fmt: skip

    def bulk_rows(self, role: str = OPERATIONAL_ROLES[0]) -> int:
        """Bound on the rows of a role's largest bulk table in the database, by look-ups."""
        self._check_open()
        with self._translating():
            return rows_at_most(self._engine, [FACTS[name] for name in BULK_OF[role]])

    @property
    def in_reach(self) -> bool:
        """Whether bulk rows can be moved, let go or withheld: neither read-only nor in memory."""
        in_memory = self._engine.dialect.name == "sqlite" and self._file is None
        return not (self._read_only or in_memory or self._closed)

    def _settle(self) -> None:
        super()._settle()
        with self._translating():
            for sealer in self._sealers.values():
                sealer.wait()
            self._journal.settle()

    def _withhold(self, tables: frozenset[str]) -> None:
        self._journal.withheld = tables

    def _claim(self, role: str) -> None:
        if role in self._claims:
            return
        with self._claiming, self._translating():
            if role not in self._claims:
                self._claims[role] = claim_role(role, self._engine, self._file)

    def has_writer(self, role: str) -> bool:
        """Whether a process writes as this role now, this one included."""
        check_role(role)
        with self._translating():
            return role in self._claims or is_claimed(role, self._engine, self._file)

    @property
    def unproved(self) -> dict[str, int]:
        """Links that a run which started over has not met again yet, by role; else empty."""
        return {} if self._prover is None else self._prover.left

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
        self._settle()
        with self._translating(), Ledger.open(where) as target:
            rows = copy_rows(self._segments, target._segments, sharing)
            if target._file is not None:
                write_seals(seal_file(target._file), read_seals(target._engine))
            for role in ROLES:
                target.verify(role)
            target.check_seals()
        return rows
