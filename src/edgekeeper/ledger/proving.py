"""Prove a record by living it again: a replay is deterministic, so each link has to come back.

Each market-time role has a cursor at the start of its chain. A link that comes and is the same as
the one that stands there moves the cursor on; a link that differs is an error with its first
differing value; and past the end of the record a link is new.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection, Engine, Table, func, select

from edgekeeper.errors import BadData
from edgekeeper.ledger.digest import GENESIS, link_digest
from edgekeeper.ledger.holdings import Holdings, read_holdings
from edgekeeper.ledger.loading import SegmentReader
from edgekeeper.ledger.schema import FACTS, batches, chain, columns_of

if TYPE_CHECKING:
    from edgekeeper.ledger.batches import Batch, Draft

__all__ = ["Prover", "RecordEnds"]

_LINKS_AT_ONCE = 500


class RecordEnds(Exception):
    """The record has no further link, and this ledger may not write one: the audit is through."""


class Prover:
    """Cursors over the chains of a record.

    Parameters
    ----------
    engine : Engine
    segments : SegmentReader
        For rows that are needed to name a difference.
    roles : sequence of str
        Chains that have to come back; others are not looked at.
    may_write : bool
        Whether a link past the end is to be written, or ends the run.
    """

    def __init__(
        self, engine: Engine, segments: SegmentReader, roles: Sequence[str], *, may_write: bool
    ) -> None:
        self._engine = engine
        self._segments = segments
        self._place = segments.place
        self._may_write = may_write
        self._next = dict.fromkeys(roles, 0)
        self._previous = dict.fromkeys(roles, GENESIS)
        self._ahead: dict[str, list[str]] = {role: [] for role in roles}
        count = select(chain.c.role, func.count()).group_by(chain.c.role)
        with engine.connect() as connection:
            known: dict[str, int] = dict(map(tuple, connection.execute(count)))
        self._links = {role: known.get(role, 0) for role in roles}

    @property
    def left(self) -> dict[str, int]:
        """Links not proved yet, for each role that has some."""
        left = {role: links - self._next[role] for role, links in self._links.items()}
        return {role: count for role, count in left.items() if count}

    @property
    def is_through(self) -> bool:
        """Whether all links that come are new, and may be written."""
        return self._may_write and not self.left

    @property
    def proved(self) -> dict[str, int]:
        """Links proved so far, by role."""
        return dict(self._next)

    def take(self, draft: "Draft") -> str | None:
        """Return the digest of the link that stands here, if it is the same; None: write it.

        Raises
        ------
        BadData
            Another link stands here, or this chain ends before another one does.
        RecordEnds
            Nothing stands here, and nothing may be written.
        """
        role, event_time_ns = draft.role, draft.event_time_ns
        if role not in self._next:
            return None
        seq = self._next[role]
        if seq == self._links[role]:
            self._check_others_ended(role)
            if not self._may_write:
                raise RecordEnds
            return None
        digest = link_digest(role, seq, self._previous[role], event_time_ns, draft.sealed)
        if digest != self._standing(role, seq):
            raise self._different(role, seq, event_time_ns, draft.written)
        self._next[role] = seq + 1
        self._previous[role] = digest
        return digest

    def _standing(self, role: str, seq: int) -> str:
        if not self._ahead[role]:
            query = select(chain.c.digest).where(chain.c.role == role, chain.c.seq >= seq)
            query = query.order_by(chain.c.seq).limit(_LINKS_AT_ONCE)
            with self._engine.connect() as connection:
                self._ahead[role] = list(connection.execute(query).scalars())[::-1]
        return self._ahead[role].pop() if self._ahead[role] else ""

    def _check_others_ended(self, role: str) -> None:
        """Refuse a record that is no beginning of this replay: one of its chains was cut off."""
        if self.left:
            (other, count), *_ = self.left.items()
            raise BadData(
                f"ledger {self._place}: the {role!r} chain ends after {self._links[role]} links, "
                f"but the {other!r} chain has {count} more, which came later: the first was cut "
                "off; restore a backup"
            )

    def _different(
        self, role: str, seq: int, event_time_ns: int | None, written: Sequence["Batch"]
    ) -> BadData:
        return BadData(
            f"ledger {self._place}: link {seq} of the {role!r} chain"
            f"{_when(event_time_ns)} does not come back: "
            f"{self._first_difference(role, seq, event_time_ns, written)}; the record was changed, "
            "or made by other code or on another machine"
        )

    def _first_difference(
        self, role: str, seq: int, event_time_ns: int | None, written: Sequence["Batch"]
    ) -> str:
        query = select(chain).where(chain.c.role == role, chain.c.seq == seq)
        with self._engine.connect() as connection:
            link = connection.execute(query).first()
            if link is None:
                return "it is not there"
            if link.event_time_ns != event_time_ns:
                return f"expected event time {link.event_time_ns}, came {event_time_ns}"
            query = select(batches.c.table_name).where(batches.c.link == link.link)
            recorded = set(connection.execute(query).scalars())
            held = read_holdings(connection)
            came = {batch.table: batch for batch in written}
            for name, table in FACTS.items():
                if (name in recorded) != (name in came):
                    had, has = ("rows", "none") if name in recorded else ("no rows", "some")
                    return f"table {name!r}: expected {had}, came {has}"
                if name not in came:
                    continue
                if held.absent(name, link.link):
                    continue
                names = list(columns_of(table))
                found = _first_cell(
                    self._recorded(connection, held, table, link.link), came[name], names
                )
                if found:
                    return f"table {name!r}, {found}"
        return "the rows are the same, but their seal is not"

    def _recorded(
        self, connection: Connection, held: Holdings, table: Table, link: int
    ) -> list[tuple[object, ...]]:
        """Rows of a batch, wherever they lie."""
        if link <= held.covered(table.name):
            return self._segments.rows_of_link(held.standing(table.name), link)
        query = select(*(table.c[name] for name in columns_of(table)))
        query = query.where(table.c.link == link).order_by(table.c.entry)
        return [tuple(row) for row in connection.execute(query)]


def _first_cell(
    recorded: Sequence[tuple[object, ...]], came: "Batch", names: Sequence[str]
) -> str | None:
    """Name the first row and column in which two batches differ."""
    columns: Mapping[str, Sequence[object]] = came.columns
    for row in range(min(len(recorded), came.rows)):
        for position, name in enumerate(names):
            old = recorded[row][position]
            new = columns[name][row] if name in columns else None
            if old != new:
                return f"row {row}, column {name!r}: expected {old!r}, came {new!r}"
    if len(recorded) != came.rows:
        return f"expected {len(recorded)} rows, came {came.rows}"
    return None


def _when(event_time_ns: int | None) -> str:
    if event_time_ns is None:
        return ""
    return f" ({np.datetime64(event_time_ns, 'ns').astype('datetime64[s]')}Z)"
