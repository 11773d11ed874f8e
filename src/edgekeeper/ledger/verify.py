"""Recompute a chain from the rows as they stand, and name the first link that does not hold."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import chain as concatenated
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection, Engine, Table, select

from edgekeeper.errors import BadData
from edgekeeper.ledger.digest import GENESIS, batch_digest, link_digest
from edgekeeper.ledger.holdings import Holdings, read_holdings, snapshot
from edgekeeper.ledger.loading import SegmentReader
from edgekeeper.ledger.schema import FACTS, batches, chain, columns_of
from edgekeeper.ledger.segment import batches_in

__all__ = ["Verified", "verify_chain"]

_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Verified:
    """A chain that holds.

    Attributes
    ----------
    role : str
        Whose chain.
    links, rows : int
        How much of it there is.
    head : str
        Digest of its last link, hex.
    """

    role: str
    links: int
    rows: int
    head: str


@dataclass(frozen=True, slots=True)
class _Break:
    link: int
    table: str
    finding: str


def verify_chain(
    engine: Engine,
    segments: SegmentReader,
    role: str,
    place: object,
    *,
    head: str | None,
    since_link: int = 0,
) -> Verified:
    """Check links against one another, then every row from ``since_link`` on against its link.

    Rows that retention let go, or that were not kept for want of room, are not expected: the record
    says so in another chain, and their digests stay in this one.

    Raises
    ------
    BadData
        Naming the first broken link, its table and what is wrong; or, where ``head`` is given and
        differs, that the ledger is another one or was rolled back.
    """
    with snapshot(engine.connect()) as connection:
        held = read_holdings(connection)
        breaks = [b for b in (_first_broken_link(connection, role),) if b]
        some = connection.execute(select(chain.c.link).where(chain.c.role == role).limit(1)).first()
        for table in FACTS.values():
            if some is not None:
                moved = _moved_batches(connection, role, table, since_link, held, segments)
                walk = _first_broken_batch(connection, role, table, since_link, held, moved)
                breaks += [b for b in (walk,) if b]
            breaks += _stray_rows(connection, table)
        if breaks:
            raise _broken(connection, role, place, min(breaks, key=lambda b: (b.link, b.table)))
        query = select(chain.c.rows, chain.c.digest).where(chain.c.role == role)
        rows = connection.execute(query.order_by(chain.c.seq)).all()
    found = rows[-1].digest if rows else GENESIS
    if head is not None and head != found:
        raise BadData(
            f"ledger {place}: expected the {role!r} chain to end in {head}, got {found} after "
            f"{len(rows)} links: this is another ledger, or an older copy of it"
        )
    return Verified(role, len(rows), sum(row.rows for row in rows), found)


def _first_broken_link(connection: Connection, role: str) -> _Break | None:
    """Check sequence, predecessors and digests of the links; rows are not looked at."""
    query = select(batches).join(chain, chain.c.link == batches.c.link)
    query = query.where(chain.c.role == role).order_by(batches.c.link, batches.c.table_name)
    listed = groupby(connection.execute(query), key=itemgetter(0))
    sealed = ((link, [tuple(row)[1:] for row in group]) for link, group in listed)
    at, written = next(sealed, (None, []))
    previous = GENESIS
    links = select(chain).where(chain.c.role == role).order_by(chain.c.seq)
    for seq, row in enumerate(connection.execute(links)):
        if row.seq != seq:
            return _Break(row.link, "chain", f"expected link {seq} next, got {row.seq}")
        mine = []
        if at == row.link:
            mine = written
            at, written = next(sealed, (None, []))
        digest = link_digest(role, seq, previous, row.event_time_ns, mine)
        rows = sum(count for _, count, _ in mine)
        if (row.previous, row.digest, row.rows) != (previous, digest, rows):
            return _Break(row.link, "chain", "its seal does not follow from the links before it")
        previous = row.digest
    return None


Stored = Iterator[tuple[int, int, str | None]]
"""Batches as they lie there: link, rows and digest; none where a value is of another kind."""


def _first_broken_batch(
    connection: Connection,
    role: str,
    table: Table,
    since: int,
    held: Holdings,
    moved: Stored,
) -> _Break | None:
    """Walk rows and batches side by side; both ascend by link where nothing was touched."""
    sealed_by_role = (
        select(batches.c.link, batches.c.rows, batches.c.digest)
        .join(chain, chain.c.link == batches.c.link)
        .where(chain.c.role == role, chain.c.seq >= since, batches.c.table_name == table.name)
    )
    expected = connection.execute(sealed_by_role.order_by(batches.c.link))
    batch = expected.fetchone()
    rows_in_sql = _batches_as_stored(connection, role, table, since, held.covered(table.name))
    with closing(rows_in_sql) as in_sql:
        for link, rows, digest in concatenated(moved, in_sql):
            while batch is not None and batch.link < link:
                if not held.absent(table.name, batch.link):
                    return _Break(batch.link, table.name, f"expected {batch.rows} rows, got none")
                batch = expected.fetchone()
            if batch is None or batch.link > link:
                return _Break(link, table.name, f"{rows} rows that no seal covers")
            if rows != batch.rows:
                return _Break(link, table.name, f"expected {batch.rows} rows, got {rows}")
            if digest != batch.digest:
                return _Break(link, table.name, f"the {batch.rows} rows differ from those sealed")
            batch = expected.fetchone()
    while batch is not None:
        if not held.absent(table.name, batch.link):
            return _Break(batch.link, table.name, f"expected {batch.rows} rows, got none")
        batch = expected.fetchone()
    return None


def _moved_batches(
    connection: Connection,
    role: str,
    table: Table,
    since: int,
    held: Holdings,
    segments: SegmentReader,
) -> Stored:
    """Batches in segments that a role wrote, from a link of its own on."""
    for segment in held.standing(table.name):
        query = (
            select(chain.c.link)
            .join(batches, batches.c.link == chain.c.link)
            .where(
                chain.c.role == role,
                chain.c.seq >= since,
                batches.c.table_name == table.name,
                chain.c.link.between(segment.first_link, segment.last_link),
            )
        )
        wanted = set(connection.execute(query).scalars())
        for frame in segments.frames([segment]) if wanted else ():
            yield from (batch for batch in batches_in(table, frame) if batch[0] in wanted)


def _batches_as_stored(
    connection: Connection, role: str, table: Table, since: int, after: int
) -> Generator[tuple[int, int, str | None], None, None]:
    """Rows of a role in order of writing, cut where the link changes."""
    query = select(table.c.link, *(table.c[name] for name in columns_of(table)))
    query = query.join(chain, chain.c.link == table.c.link)
    query = query.where(chain.c.role == role, chain.c.seq >= since, table.c.link > after)
    with connection.execute(
        query.order_by(table.c.entry), execution_options={"yield_per": _ROWS_AT_ONCE}
    ) as stream:
        for link, group in groupby(stream, key=itemgetter(0)):
            rows: list[Sequence[object]] = [tuple(row)[1:] for row in group]
            yield link, len(rows), _digest_of(table, rows)


def _digest_of(table: Table, rows: list[Sequence[object]]) -> str | None:
    """Digest of rows as stored; ``None`` where a value is not even of its column's kind."""
    kinds = columns_of(table)
    columns = dict(zip(kinds, map(list, zip(*rows, strict=True)), strict=True))
    for name, values in columns.items():
        if not set(map(type, values)) <= {kinds[name], type(None)}:
            return None
    return batch_digest(table.name, len(rows), columns, kinds)


def _stray_rows(connection: Connection, table: Table) -> list[_Break]:
    """Rows whose link does not exist at all."""
    known = select(chain.c.link).where(chain.c.link == table.c.link).exists()
    query = select(table.c.link).where(~known).limit(1)
    stray = connection.execute(query).scalar()
    return [] if stray is None else [_Break(stray, table.name, "rows that no seal covers")]


def _broken(connection: Connection, role: str, place: object, first: _Break) -> BadData:
    query = select(chain.c.seq, chain.c.event_time_ns).where(chain.c.link == first.link)
    row = connection.execute(query).first()
    where = "a link that does not exist" if row is None else f"link {row.seq}"
    when = "" if row is None or row.event_time_ns is None else f" (event time {row.event_time_ns})"
    return BadData(
        f"ledger {place}: the {role!r} chain breaks at {where}{when}, table {first.table!r}: "
        f"{first.finding}; rows were changed after they were written, restore a backup"
    )
