"""Move sealed rows into segments, and let old ones go: each step safe against kill -9.

In this order: the segment reaches the disk, is read back and held against the chain, is recorded in
one durable transaction, and only then do its rows leave their table. Readers take rows of recorded
segments from there and nowhere else, so rows that still stand in both places count once, and
:meth:`Archive.sweep` clears up whatever a kill left behind.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from sqlalchemy import Engine, Select, Table, and_, delete, func, select

from edgekeeper.clock import Clock
from edgekeeper.errors import BadData
from edgekeeper.ledger.database import immediate
from edgekeeper.ledger.holdings import Holdings, read_holdings
from edgekeeper.ledger.loading import SegmentReader
from edgekeeper.ledger.schema import DETAIL, FACTS, batches, chain
from edgekeeper.ledger.segment import (
    Segment,
    batches_in,
    decode,
    encode,
    name_of,
    schema_of,
    span_of,
)
from edgekeeper.ledger.transaction import Transaction

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Archive", "months_before", "rows_at_most"]

SEGMENT_ROWS = 250_000
"""Rows of a segment, about: what is held in memory while it is made."""

_ROWS_AT_ONCE = 50_000
_DELETED_AT_ONCE = 20_000  # short transactions: a live writer waits for none of them for long


class _Batch(NamedTuple):
    link: int
    rows: int
    digest: str


class Archive:
    """The bulk rows of a ledger that has been opened for writing; see :meth:`Ledger.archive`.

    Parameters
    ----------
    segments : SegmentReader
    transaction : callable
        Opens a durable transaction of the operational role.
    withhold : callable
        Takes the names of tables whose rows are hashed but not kept from now on.
    translating : callable
        Turns errors of database and disk into ours.
    clock : Clock
        Wall time, for the facts.
    tables : sequence of str
        Bulk tables that it moves.
    roles : sequence of str
        Whose chains they are in, and whose seals say how far they are sealed.
    """

    def __init__(
        self,
        segments: SegmentReader,
        transaction: Callable[[], Transaction],
        withhold: Callable[[frozenset[str]], None],
        translating: Callable[[], AbstractContextManager[None]],
        clock: Clock,
        tables: Sequence[str],
        roles: Sequence[str],
    ) -> None:
        self._tables, self._roles = tables, roles
        self._detail_of = frozenset(tables) & frozenset(DETAIL)
        self._segments = segments
        self._engine = segments.engine
        self._transaction = transaction
        self._withhold = withhold
        self._translating = translating
        self._clock = clock
        withhold(self._gaps_of())

    def holdings(self) -> Holdings:
        """What the record says of its bulk rows."""
        with self._translating(), self._engine.connect() as connection:
            return read_holdings(connection)

    # -- moving ---------------------------------------------------------------------------------

    def move(self, now_ns: int, keep_months: int, *, at_least: int = 1) -> list[Segment]:
        """Move rows of sealed months into segments.

        Parameters
        ----------
        now_ns : int
            Market time.
        keep_months : int
            Whole months that stay in their tables, beside the one of ``now_ns``.
        at_least : int
            Rows of a table below which it is not worth it.

        Raises
        ------
        BadData
            Rows differ from those the chain sealed; they stay where they are.
        StorageError
            No room. Nothing is lost: the rows stay where they are.
        """
        with self._translating():
            held = self.sweep()
            moved: list[Segment] = []
            for name in self._tables:
                table, covered = FACTS[name], held.covered(name)
                if rows_at_most(self._engine, [table]) < at_least:
                    continue
                ends = self._sealed_between(covered, months_before(now_ns, keep_months))
                sealed = self._batches(table, covered, max(ends, default=0))
                if sum(batch.rows for batch in sealed) >= at_least:
                    moved += [self._move_piece(table, p, held) for p in _pieces(sealed, ends)]
            return moved

    def sweep(self) -> Holdings:
        """Clear up after a kill: rows that are in segments already, files that no fact names."""
        with self._translating():
            held = self.holdings()
            for name in self._tables:
                self._delete_moved(FACTS[name], held.covered(name))
            standing = {segment.name for segment in held.standing()}
            for name in sorted(self._segments.store.names() - standing):
                # Another process may be about to record what lies there of other tables.
                if name.lstrip(".").startswith(tuple(f"{table}-" for table in self._tables)):
                    self._segments.store.remove(name)
            return held

    def _sealed_between(self, after: int, until_ns: int) -> list[int]:
        """Last links of the record at each seal of an earlier month, ascending."""
        seals = FACTS["seals"]
        stands = and_(chain.c.role == seals.c.role, chain.c.seq == seals.c.links - 1)
        asked = (
            select(func.max(chain.c.link))
            .join(seals, stands)
            .where(
                seals.c.role.in_(self._roles),
                seals.c.event_time_ns < until_ns,
                chain.c.link > after,
            )
            .group_by(seals.c.event_time_ns)
        )
        with self._engine.connect() as connection:
            return sorted(connection.execute(asked).scalars())

    def _batches(self, table: Table, after: int, last: int) -> list[_Batch]:
        """Batches to move. The newest row of a table stays: SQLite numbers the next one by it."""
        newest = select(table.c.link).order_by(table.c.entry.desc()).limit(1)
        sealed = select(batches.c.link, batches.c.rows, batches.c.digest).where(
            batches.c.table_name == table.name, batches.c.link > after, batches.c.link <= last
        )
        with self._engine.connect() as connection:
            stays = connection.execute(newest).scalar() or 0
            sealed = sealed.where(batches.c.link < stays).order_by(batches.c.link)
            return [_Batch(*row) for row in connection.execute(sealed)]

    def _move_piece(self, table: Table, piece: Sequence[_Batch], held: Holdings) -> Segment:
        first, last = piece[0].link, piece[-1].link
        frame = self._rows(table, first, last)
        content = encode(frame)
        self._check(table, content, piece, held)
        name, digest = name_of(table.name, first, last, content)
        since, until = span_of(table, frame)
        segment = Segment(
            table.name, name, digest, first, last, frame.height, len(content), since, until
        )
        self._segments.store.put(name, content)
        self._record("moved", segment, "a sealed month")
        self._delete_moved(table, last)
        return segment

    def _rows(self, table: Table, first: int, last: int) -> "pl.DataFrame":
        import polars as pl

        schema = schema_of(table)
        query = select(*table.columns).where(table.c.link >= first).order_by(table.c.entry)
        parts = [pl.DataFrame(schema=schema)]
        with (
            self._engine.connect() as connection,
            connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as stream,
        ):
            for rows in stream.partitions():
                part = pl.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
                parts.append(part.filter(pl.col("link") <= last))
                if parts[-1].height < part.height:
                    break
        return pl.concat(parts)

    def _check(self, table: Table, content: bytes, piece: Sequence[_Batch], held: Holdings) -> None:
        """Hold what the file gives back against what the chain sealed."""
        stored = {link: (rows, digest) for link, rows, digest in batches_in(
            table, decode(table, content)
        )}  # fmt: skip
        for link, rows, digest in piece:
            found = stored.pop(link, None)
            if found != (rows, digest) and not (found is None and held.absent(table.name, link)):
                raise self._changed(table, link)
        for link in stored:
            raise self._changed(table, link)

    def _changed(self, table: Table, link: int) -> BadData:
        return BadData(
            f"ledger {self._segments.place}: rows of table {table.name!r} at link {link} (storage "
            "key) differ from those sealed, so they were not moved: `edgekeeper audit` says more"
        )

    def _delete_moved(self, table: Table, last: int) -> None:
        while last:
            with immediate(self._engine.connect()) as connection, connection.begin():
                first = connection.execute(select(func.min(table.c.entry))).scalar()
                if first is None:
                    return
                gone = connection.execute(
                    delete(table).where(
                        table.c.entry < first + _DELETED_AT_ONCE, table.c.link <= last
                    )
                )
            if not gone.rowcount:
                return

    # -- letting go -----------------------------------------------------------------------------

    def let_go_before(self, until_ns: int, reason: str) -> list[Segment]:
        """Let go of detail whose rows are all older than an instant of market time."""
        return self._let_go(
            [one for one in self._detail() if one.until_ns is not None and one.until_ns < until_ns],
            reason,
        )

    def let_go_beyond(self, size: int, reason: str) -> list[Segment]:
        """Let go of the oldest detail until the record takes at most so many bytes, if it can."""
        over, gone = self.size() - size, []
        for segment in self._detail():
            if over <= 0:
                break
            over -= segment.bytes
            gone.append(segment)
        return self._let_go(gone, reason)

    def size(self) -> int:
        """Bytes that the record takes: the database's pages in use, and all segments."""
        with self._translating(), self._engine.connect() as connection:
            segments = sum(one.bytes for one in read_holdings(connection).standing())
            if connection.dialect.name != "sqlite":
                asked = "SELECT pg_database_size(current_database())"  # segments lie inside
                return int(connection.exec_driver_sql(asked).scalar() or 0)
            pages, free, size = (
                int(connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0)
                for name in ("page_count", "freelist_count", "page_size")
            )
        return (pages - free) * size + segments

    def _detail(self) -> list[Segment]:
        held = self.holdings()
        detail = [segment for name in self._detail_of for segment in held.standing(name)]
        return sorted(detail, key=lambda one: one.last_link)

    def _let_go(self, segments: Sequence[Segment], reason: str) -> list[Segment]:
        for segment in segments:
            self._record("let_go", segment, reason)
            with self._translating():
                self._segments.store.remove(segment.name)
        return list(segments)

    # -- not keeping ----------------------------------------------------------------------------

    def stop_detail(self, reason: str) -> None:
        """From now on hash detail, but keep none. The record says so first."""
        self._gap("stopped", self._detail_of - self._gaps_of(), reason)
        self._withhold(self._detail_of)

    def resume_detail(self, reason: str) -> None:
        """Keep detail again; the record says so once it is true."""
        self._withhold(frozenset())
        self._gap("resumed", self._gaps_of(), reason)

    def _gaps_of(self) -> frozenset[str]:
        """Its tables whose rows are not being kept."""
        return frozenset(self.holdings().open_gaps()) & self._detail_of

    def put_off(self, reason: str) -> None:
        """Record that rows could not be moved, and why."""
        self._gap("put_off", self._detail_of, reason)

    def _gap(self, event: str, tables: frozenset[str], reason: str) -> None:
        if tables:
            with self._transaction() as tx:
                for name in sorted(tables):
                    tx.append("storage", self._fact(event, name, reason))

    def _record(self, event: str, segment: Segment, reason: str) -> None:
        said = {name: value for name, value in asdict(segment).items() if name not in _RENAMED}
        with self._transaction() as tx:
            fact = self._fact(event, segment.table, reason)
            tx.append("storage", {**fact, **said, "segment": segment.name})

    def _fact(self, event: str, table: str, reason: str) -> dict[str, object]:
        wall = self._clock.now_ns()
        return {"wall_time_ns": wall, "event": event, "table_name": table, "reason": reason}

    def shrink(self) -> None:
        """Give pages that rows have left back to the disk (SQLite; needs room for a copy)."""
        if self._engine.dialect.name == "sqlite":
            connection = self._engine.raw_connection()
            try:
                with self._translating():
                    cursor = connection.cursor()
                    cursor.execute("VACUUM")
                    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    cursor.close()
            finally:
                connection.close()


_RENAMED = ("table", "name")


def rows_at_most(engine: Engine, tables: Sequence[Table]) -> int:
    """Bound on the rows of the largest of some tables, at the cost of two look-ups each."""
    with engine.connect() as connection:
        ends = connection.execute(_ends_of(tuple(tables))).one()
    return max(
        0 if first is None else last - first + 1
        for first, last in zip(ends[::2], ends[1::2], strict=True)
    )


@cache
def _ends_of(tables: tuple[Table, ...]) -> Select[Any]:
    """Query for the first and the last entry of each table, one after the other."""
    ends = [end(table.c.entry) for table in tables for end in (func.min, func.max)]
    return select(*(select(end).scalar_subquery() for end in ends))


def months_before(now_ns: int, months: int) -> int:
    """First instant of the month that lies so many months before that of ``now_ns``.

    Examples
    --------
    >>> str(np.datetime64(months_before(1_717_000_000_000_000_000, 2), "ns"))[:19]
    '2024-03-01T00:00:00'
    """
    month = np.datetime64(now_ns, "ns").astype("datetime64[M]") - months
    return int(month.astype("datetime64[ns]").astype(np.int64))


def _pieces(sealed: Sequence[_Batch], ends: Sequence[int]) -> Iterator[list[_Batch]]:
    """Cut batches into segments: at the end of each month, and of about equal size within it."""
    piece: list[_Batch] = []
    rows = 0
    for batch in sealed:
        crossed = piece and bisect_left(ends, batch.link) > bisect_left(ends, piece[-1].link)
        if crossed or rows >= SEGMENT_ROWS:
            yield piece
            piece, rows = [], 0
        piece.append(batch)
        rows += batch.rows
    if piece:
        yield piece
