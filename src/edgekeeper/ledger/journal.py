"""Write links: facts and their seal in one SQL transaction, on a bare driver cursor.

SQLAlchemy declares, compiles and reads; the hot path hands lists straight to the driver, because
a replay writes thousands of small links, and each should cost less than the bars it records.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from sqlalchemy import Engine, Table, column, insert, select, table, update
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.pool import PoolProxiedConnection

from edgekeeper.ledger.batches import Draft, Part, parts_of, shares_of
from edgekeeper.ledger.behind import Behind
from edgekeeper.ledger.database import begin
from edgekeeper.ledger.digest import GENESIS, link_digest
from edgekeeper.ledger.migrate import VERSION_TABLE
from edgekeeper.ledger.proving import Prover
from edgekeeper.ledger.schema import FACTS, batches, chain

__all__ = ["Journal", "Standing"]

receipts = FACTS["receipts"]
_LINKS_THAT_WAIT = 32
"""Links that are recorded together, though each could stand alone."""
_VERSION = table(VERSION_TABLE, column("version_num"))
_BATCH = ("table_name", "rows", "digest")
_TOUCH = str(update(_VERSION).values(version_num=_VERSION.c.version_num))


class _Gathering(Protocol):
    """Steps that wait to be turned into links."""

    @property
    def is_full(self) -> bool: ...
    def collect(self) -> "list[Draft]": ...


@dataclass(frozen=True, slots=True)
class _Link:
    """A draft with its place in the chain."""

    draft: Draft
    seq: int
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A link on record that a receipt names."""

    digest: str
    event_time_ns: int | None
    sealed: set[tuple[str, int, str]]

    def is_same(self, draft: Draft) -> bool:
        """Whether a draft would write the same facts."""
        return self.event_time_ns == draft.event_time_ns and self.sealed == set(draft.sealed)


class Journal:
    """The writing end of a ledger: one connection for all roles of this process.

    Whoever calls :meth:`write` holds the claim on the role, so nobody else moves its head.

    Attributes
    ----------
    withheld : frozenset of str
        Tables whose rows are hashed into the chain, but not kept: there is no room.
    """

    def __init__(self, engine: Engine, prover: Prover | None = None) -> None:
        self._engine = engine
        self._prover = prover
        self._connection: PoolProxiedConnection | None = None
        self._waits_for_disk: bool | None = None
        self._heads: dict[str, tuple[int, str]] = {}
        self._statements: dict[tuple[str, ...], tuple[str, list[str]]] = {}
        self._of_several: dict[tuple[str, int], str] = {}
        self._chain_statement = ""
        self._lock = Lock()
        self._waiting: list[Draft] = []
        self._gatherings: list[_Gathering] = []
        self._behind = Behind("edgekeeper-commit")
        self.withheld: frozenset[str] = frozenset()

    def write(self, draft: Draft, *, durable: bool) -> str:
        """Commit one link and return its digest. Either everything is stored or nothing is.

        A link that a prover finds standing already is not written again.
        """
        with self._lock:
            self._collect()
            standing = self._prover and self._prover.take(draft)
            return standing or self._write((draft,), durable)[0]

    def put(self, draft: Draft) -> None:
        """Commit one link soon: some together, which is much cheaper.

        Whatever is asked of this journal next comes after it, and raises what went wrong.
        """
        with self._lock:
            self._collect()
            self._wait(draft)
            if len(self._waiting) >= _LINKS_THAT_WAIT:
                self._put_waiting()

    def gather(self, gathering: _Gathering, take: Callable[[], None]) -> None:
        """Have a gathering take a step, whose link is committed soon, as those that are put."""
        with self._lock:
            take()
            if gathering not in self._gatherings:
                self._gatherings.append(gathering)
            if self._prover is not None and not self._prover.is_through:
                self._collect()  # each step has to be met in its turn
            if gathering.is_full or len(self._waiting) >= _LINKS_THAT_WAIT:
                self._put_waiting()

    def _collect(self) -> None:
        """Turn the steps that were gathered into links."""
        for gathering in self._gatherings:
            for draft in gathering.collect():
                self._wait(draft)

    def _wait(self, draft: Draft) -> None:
        if self._prover is None or self._prover.take(draft) is None:
            self._waiting.append(draft)

    def _put_waiting(self) -> None:
        self._collect()
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._commit(waiting, durable=False)

    def put_durably(self, draft: Draft) -> None:
        """Commit one link at once; another thread waits for the disk while its owner goes on."""
        with self._lock:
            self._put_waiting()
            self._commit((draft,), durable=True, behind=True)

    def write_group(self, drafts: Sequence[Draft], *, durable: bool) -> list[str]:
        """Commit several links, in this order, with one wait for the disk; all of them or none.

        Without any, ``durable`` still takes to the disk what was committed before.

        Returns
        -------
        list of str
            Digest of each link: the same as if it had been written alone.
        """
        with self._lock:
            return self._write(drafts, durable)

    def _write(self, drafts: Sequence[Draft], durable: bool) -> list[str]:
        self._put_waiting()
        return self._commit(drafts, durable)

    def settle(self) -> None:
        """Commit what was put, and wait for it.

        Raises
        ------
        Exception
            What a commit raised; then nothing of its transaction, nor of what was put after it, is
            stored.
        """
        with self._lock:
            self._put_waiting()
            self._settle()

    def _settle(self) -> None:
        """Wait for the commit under way."""
        try:
            self._behind.wait()
        except BaseException:
            self._forget()
            raise

    @property
    def under_way(self) -> "Future[None] | None":
        """The commit that nobody has waited for yet."""
        return self._behind.under_way

    def head(self, role: str) -> tuple[int, str]:
        """Links of a role, and the digest of the last one, once all that was put stands."""
        with self._lock:
            self._put_waiting()
            return self._head(role)

    def _head(self, role: str) -> tuple[int, str]:
        return self._heads.get(role) or self._read_head(role)

    def _linked(self, drafts: Sequence[Draft]) -> list[_Link]:
        """Give drafts the next places in their chains, while the commit before is under way."""
        links = []
        try:
            for draft in drafts:
                seq, previous = self._head(draft.role)
                when = draft.event_time_ns
                digest = link_digest(draft.role, seq, previous, when, draft.sealed)
                self._heads[draft.role] = seq + 1, digest
                links.append(_Link(draft, seq, previous, digest))
        except BaseException:
            self._heads.clear()
            raise
        return links

    def _commit(self, drafts: Sequence[Draft], durable: bool, behind: bool = False) -> list[str]:
        links = self._linked(drafts)
        self._settle()
        self._commit_links(links, durable, behind)
        return [link.digest for link in links]

    def _commit_links(self, links: Sequence[_Link], durable: bool, behind: bool = False) -> None:
        cursor = None
        try:
            connection = self._connection
            if connection is None:
                connection = self._connection = self._engine.raw_connection()
            cursor = connection.cursor()
            changed = durable != self._waits_for_disk
            begin(cursor, self._engine.dialect.name, durable=durable, changed=changed)
            if not links:  # a commit that changes nothing waits for nothing
                cursor.execute(_TOUCH)
            self._append(cursor, links)
            if behind:
                self._behind.start(connection.commit)
            else:
                connection.commit()
        except BaseException:
            self._forget()
            raise
        finally:
            if cursor is not None:
                cursor.close()
        self._waits_for_disk = durable

    def _forget(self) -> None:
        """Take a failed transaction back; what stands is read anew."""
        self._waits_for_disk = None
        self._heads.clear()
        connection = self._connection
        if connection is None:
            return
        try:
            connection.rollback()
        except self._engine.dialect.loaded_dbapi.Error:  # the server ended it
            connection.invalidate()
            self._connection = None

    def _append(self, cursor: DBAPICursor, links: Sequence[_Link]) -> None:
        """Insert links with all their rows, a table's in the order of links; commit nothing."""
        if not links:
            return
        keys = self._append_chain(cursor, links)
        sealed = [
            (key, *one) for key, link in zip(keys, links, strict=True) for one in link.draft.sealed
        ]
        if sealed:
            cursor.executemany(self._statement(batches, _BATCH)[0], sealed)
        drafts = [link.draft for link in links]
        for part in parts_of(keys, drafts, self.withheld, self._statement_of):
            self._insert(cursor, part)

    def _append_chain(self, cursor: DBAPICursor, links: Sequence[_Link]) -> list[int]:
        """Insert links without their rows; return the keys that these carry."""
        values: list[object] = []
        for link in links:
            draft = link.draft
            rows = sum(batch.rows for batch in draft.written)
            values += (draft.role, link.seq, draft.event_time_ns, rows, link.previous, link.digest)
        keys: dict[tuple[str, int], int] = {}
        for count, some in shares_of(values, len(values) // len(links), len(links)):
            cursor.execute(self._insert_links(count), some)
            keys |= {(role, seq): key for key, role, seq in cursor.fetchall()}  # in any order
        return [keys[link.draft.role, link.seq] for link in links]

    def _insert(self, cursor: DBAPICursor, part: Part) -> None:
        for rows, values in part.shares():
            cursor.execute(self._several(part.statement, rows), values)

    @property
    def collision(self) -> type[Exception]:
        """What the driver raises where a key stands already."""
        error: type[Exception] = self._engine.dialect.loaded_dbapi.IntegrityError
        return error

    def standing(self, keys: Sequence[str]) -> dict[str, Standing]:
        """Links that carry these idempotency keys already, by key."""
        query = (
            select(receipts.c.idempotency_key, chain.c.digest, chain.c.event_time_ns, batches)
            .join(chain, chain.c.link == receipts.c.link)
            .join(batches, batches.c.link == receipts.c.link)
            .where(receipts.c.idempotency_key.in_(keys))
        )
        found: dict[str, Standing] = {}
        with self._engine.connect() as connection:
            for one, digest, when, _, table, rows, sealed in connection.execute(query):
                found.setdefault(one, Standing(digest, when, set())).sealed.add(
                    (table, rows, sealed)
                )
        return found

    def close(self) -> None:
        """Wait for what is on its way, and give the connection back."""
        try:
            self.settle()
        finally:
            self._behind.close()
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _read_head(self, role: str) -> tuple[int, str]:
        """Next position, and the digest it follows; read anew after any failure."""
        query = select(chain.c.seq, chain.c.digest).where(chain.c.role == role)
        with self._engine.connect() as connection:
            last = connection.execute(query.order_by(chain.c.seq.desc()).limit(1)).first()
        return (0, GENESIS) if last is None else (last.seq + 1, last.digest)

    def _statement_of(self, table: str, given: tuple[str, ...]) -> tuple[str, list[str]]:
        return self._statement(FACTS[table], given)

    def _statement(self, table: Table, given: tuple[str, ...]) -> tuple[str, list[str]]:
        """INSERT of a link and these columns, and their order in it; others are NULL."""
        key = (table.name, *given)
        if key not in self._statements:
            names = [c.name for c in table.columns if c.name in given]
            query = insert(table).inline().compile(self._engine, column_keys=["link", *names])
            self._statements[key] = str(query), names
        return self._statements[key]

    def _insert_links(self, count: int) -> str:
        """INSERT of so many links that answers with the key, role and place of each."""
        if not self._chain_statement:
            names = [c.name for c in chain.columns if c.name != "link"]
            query = insert(chain).returning(chain.c.link, chain.c.role, chain.c.seq)
            self._chain_statement = str(query.compile(self._engine, column_keys=names))
        return self._several(self._chain_statement, count)

    def _several(self, statement: str, rows: int) -> str:
        """INSERT of so many rows, from that of one."""
        if rows == 1:
            return statement
        key = statement, rows
        if key not in self._of_several:
            begin = statement.index(") VALUES (") + len(") VALUES ")
            end = statement.rindex(")") + 1
            values = ", ".join([statement[begin:end]] * rows)
            self._of_several[key] = statement[:begin] + values + statement[end:]
        return self._of_several[key]
