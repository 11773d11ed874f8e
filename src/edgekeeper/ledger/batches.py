"""What links write: batches of rows, which may share columns, and their way into statements."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice, repeat
from typing import cast

from edgekeeper.ledger.digest import batch_digest
from edgekeeper.ledger.schema import FACTS, columns_of
from edgekeeper.ledger.values import Column

__all__ = ["Batch", "Draft", "Part", "parts_of", "shares_of"]

_SHARES = (32, 16, 8, 4, 2, 1)
"""Rows of one statement: with 32 of them a row costs a fifth less than alone."""

StatementOf = Callable[[str, tuple[str, ...]], tuple[str, list[str]]]
"""Statement that inserts some columns of a table, and the order it wants them in."""


@dataclass(slots=True)
class Batch:
    """Rows of one table that one link writes; columns without any value may be left out.

    Attributes
    ----------
    block : dict
        Columns that these rows are a part of; links that were made together share them.
    first : int
        Where in the block the rows begin.
    known_digest : str
        Empty: not computed yet.
    """

    table: str
    rows: int
    block: dict[str, Column]
    first: int = 0
    known_digest: str = ""

    @property
    def columns(self) -> dict[str, Column]:
        """The rows alone, column by column."""
        if self._is_whole:
            return self.block
        end = self.first + self.rows
        return {name: values[self.first : end] for name, values in self.block.items()}

    @property
    def _is_whole(self) -> bool:
        """Whether the block is these rows, and nobody else's."""
        return all(len(values) == self.rows for values in self.block.values())

    def digest(self) -> str:
        """SHA-256 of the canonical bytes, hex."""
        if not self.known_digest:
            kinds = columns_of(FACTS[self.table])
            self.known_digest = batch_digest(self.table, self.rows, self.columns, kinds)
        return self.known_digest

    def extend(self, new: "Batch") -> None:
        """Join what one link writes to one table, so that its cuts leave no trace."""
        mine, others = self.columns, new.columns
        for name in mine.keys() | others.keys():
            values = cast("list[object]", mine.setdefault(name, [None] * self.rows))
            values.extend(others.get(name, repeat(None, new.rows)))
        self.block, self.first = mine, 0
        self.rows += new.rows
        self.known_digest = ""


class Draft:
    """A link that has everything but its place in the chain."""

    def __init__(self, role: str, event_time_ns: int | None, written: Iterable[Batch]) -> None:
        self.role = role
        self.event_time_ns = event_time_ns
        self.written = list(written)

    @cached_property
    def sealed(self) -> list[tuple[str, int, str]]:
        """Table, rows and digest of each batch."""
        return [(batch.table, batch.rows, batch.digest()) for batch in self.written]


class Part:
    """Rows of one table for one statement: those of batches in their order.

    Rows are made when they are inserted, one after the other: thousands of tuples that live at
    once are work for the garbage collector.

    Attributes
    ----------
    links : list of int
        Keys of the links whose rows these are.
    """

    def __init__(self, table: str, statement: str, names: Sequence[str]) -> None:
        self.table = table
        self.statement = statement
        self.links: list[int] = []
        self._names = names
        self._runs: list[Iterator[tuple[object, ...]]] = []
        self._block: dict[str, Column] = {}
        self._first = self._end = 0
        self._keys: list[int] = []
        self._count = 0

    def takes(self, batch: Batch) -> bool:
        """Whether a batch goes on where the last one ended."""
        return batch.block is self._block and batch.first == self._end

    def add(self, key: int, batch: Batch) -> None:
        """Take the rows of a batch, which carry the key of its link."""
        if not self.takes(batch):
            self._close_run()
            self._block, self._first, self._end = batch.block, batch.first, batch.first
        self.links.append(key)
        self._keys += [key] * batch.rows
        self._count += batch.rows
        self._end += batch.rows

    def shares(self) -> Iterator[tuple[int, list[object]]]:
        """All rows, once, in shares: how many there are, and their values one after the other.

        See :func:`shares_of`.
        """
        self._close_run()
        values = chain.from_iterable(chain.from_iterable(self._runs))
        return shares_of(values, 1 + len(self._names), self._count)

    def _close_run(self) -> None:
        if not self._keys:
            return
        columns = [self._block[name] for name in self._names]
        if len(self._keys) < len(columns[0]):
            columns = [values[self._first : self._end] for values in columns]
        self._runs.append(zip(self._keys, *columns, strict=True))
        self._keys = []


def shares_of(
    values: Iterable[object], width: int, rows: int
) -> Iterator[tuple[int, list[object]]]:
    """Cut rows, whose values come one after the other, into shares for a statement each.

    Shares have few sizes, so that a statement for each size can be kept.
    """
    values = iter(values)
    for size in _SHARES:
        while rows >= size:
            yield size, list(islice(values, size * width))
            rows -= size


def parts_of(
    keys: Sequence[int],
    drafts: Sequence[Draft],
    withheld: frozenset[str],
    statement_of: StatementOf,
) -> Iterator[Part]:
    """Parts to insert: as few as keep the rows of a table in order.

    Parameters
    ----------
    keys : sequence of int
        Of each link, for its rows to carry.
    drafts : sequence of Draft
    withheld : frozenset of str
        Tables whose rows are not kept.
    statement_of : callable
    """
    parts: dict[str, Part] = {}
    for key, draft in zip(keys, drafts, strict=True):
        for batch in draft.written:
            if batch.table in withheld:
                continue
            part = parts.get(batch.table)
            if part is None or not part.takes(batch):
                statement, names = statement_of(batch.table, tuple(batch.block))
                if part is None or part.statement != statement:
                    if part is not None:
                        yield part
                    part = parts[batch.table] = Part(batch.table, statement, names)
            part.add(key, batch)
    yield from parts.values()
