"""Write links: facts and their seal in one SQL transaction, on a bare driver cursor.

SQLAlchemy declares, compiles and reads; the hot path hands lists straight to the driver, because
a replay writes thousands of small links, and each should cost less than the bars it records.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import Engine, Table, insert, select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.pool import PoolProxiedConnection

from edgekeeper.ledger.database import begin
from edgekeeper.ledger.digest import GENESIS, batch_digest, link_digest
from edgekeeper.ledger.proving import Prover
from edgekeeper.ledger.schema import FACTS, batches, chain, columns_of
from edgekeeper.ledger.values import Column

__all__ = ["Batch", "Journal"]


@dataclass(slots=True)
class Batch:
    """Rows of one table that one transaction writes; columns without any value may be left out."""

    table: str
    rows: int
    columns: dict[str, Column]

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, hex."""
        return batch_digest(self.table, self.rows, self.columns, columns_of(FACTS[self.table]))


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
        self._statements: dict[str, str] = {}
        self._lock = Lock()
        self.withheld: frozenset[str] = frozenset()

    def write(
        self, role: str, event_time_ns: int | None, written: Iterable[Batch], *, durable: bool
    ) -> str:
        """Commit one link and return its digest. Either everything is stored or nothing is.

        A link that a prover finds standing already is not written again.
        """
        written = list(written)
        sealed = [(batch.table, batch.rows, batch.digest()) for batch in written]
        with self._lock:
            if self._prover is not None:
                standing = self._prover.take(role, event_time_ns, written, sealed)
                if standing is not None:
                    return standing
            seq, previous = self._heads.get(role) or self._read_head(role)
            digest = link_digest(role, seq, previous, event_time_ns, sealed)
            rows = sum(batch.rows for batch in written)
            if self._connection is None:
                self._connection = self._engine.raw_connection()
            cursor = self._connection.cursor()
            try:
                changed = durable != self._waits_for_disk
                begin(cursor, self._engine.dialect.name, durable=durable, changed=changed)
                self._waits_for_disk = durable
                cursor.execute(
                    self._chain_statement(), (role, seq, event_time_ns, rows, previous, digest)
                )
                (link,) = cursor.fetchall()[0]
                cursor.executemany(self._statement(batches), [(link, *batch) for batch in sealed])
                for batch in written:
                    if batch.table not in self.withheld:
                        self._insert(cursor, batch, link)
                self._connection.commit()
            except BaseException:
                self._waits_for_disk = None
                self._heads.pop(role, None)
                self._connection.rollback()
                raise
            finally:
                cursor.close()
            self._heads[role] = seq + 1, digest
        return digest

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read_head(self, role: str) -> tuple[int, str]:
        """Next position, and the digest it follows; read anew after any failure."""
        query = select(chain.c.seq, chain.c.digest).where(chain.c.role == role)
        with self._engine.connect() as connection:
            last = connection.execute(query.order_by(chain.c.seq.desc()).limit(1)).first()
        return (0, GENESIS) if last is None else (last.seq + 1, last.digest)

    def _insert(self, cursor: DBAPICursor, batch: Batch, link: int) -> None:
        table = FACTS[batch.table]
        unknown = [None] * batch.rows
        columns = [batch.columns.get(name, unknown) for name in columns_of(table)]
        rows = list(zip([link] * batch.rows, *columns, strict=True))
        cursor.executemany(self._statement(table), rows)

    def _statement(self, table: Table) -> str:
        """INSERT of every column but the generated key, in declared order."""
        if table.name not in self._statements:
            names = [c.name for c in table.columns if c.name != "entry"]
            compiled = insert(table).inline().compile(self._engine, column_keys=names)
            self._statements[table.name] = str(compiled)
        return self._statements[table.name]

    def _chain_statement(self) -> str:
        """INSERT of a link that answers with the key it was given."""
        if "chain" not in self._statements:
            names = [c.name for c in chain.columns if c.name != "link"]
            query = insert(chain).returning(chain.c.link)
            self._statements["chain"] = str(query.compile(self._engine, column_keys=names))
        return self._statements["chain"]
