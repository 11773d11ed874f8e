"""One link in the making: facts are collected and checked, then written all at once."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from sqlalchemy import Table

from edgekeeper.errors import BadData, UsageError
from edgekeeper.ledger.batches import Batch, Draft
from edgekeeper.ledger.journal import Journal
from edgekeeper.ledger.reading import table_named
from edgekeeper.ledger.schema import FACTS, OPERATIONAL, columns_of, required_columns
from edgekeeper.ledger.values import Column, cast_columns

__all__ = [
    "MARKET_ROLES",
    "OPERATIONAL_ROLES",
    "Transaction",
    "check_required",
    "facts_for",
]

MARKET_ROLES = ("trade", "learn")
"""Chains of market-time facts: a replay of the same bars repeats them to the bit."""

OPERATIONAL_ROLES = ("operations", "person", "signals")
"""Chains that may hold wall-clock facts."""


def facts_for(table: str, role: str) -> Table:
    """Return a table of facts that a role may write to.

    Raises
    ------
    UsageError
        An unknown table, or a wall-clock one under a market-time role.
    """
    facts = FACTS.get(table)
    if facts is None:
        facts = table_named(table, FACTS)
    if table in OPERATIONAL and role in MARKET_ROLES:
        raise UsageError(
            f"table {table!r} holds wall-clock facts, which the market-time chain "
            f"{role!r} may not: write it as role {OPERATIONAL_ROLES[0]!r}"
        )
    return facts


def check_required(table: Table, columns: Mapping[str, Column]) -> None:
    """Refuse rows that lack what the table cannot do without.

    Raises
    ------
    BadData
        Naming the column.
    """
    for name in required_columns(table):
        if name not in columns or None in columns[name]:
            raise BadData(
                f"{table.name}.{name}: expected a value in every row, got none"
                f"{' at all' if name not in columns else ' in some'}"
            )


class Transaction:
    """Collects appends; see :meth:`Ledger.transaction`. Nothing is written before the block ends.

    Attributes
    ----------
    digest : str or None
        The link's digest once it is committed; ``None`` before, where nothing was appended, and
        where it was written ``behind``.
    """

    def __init__(
        self,
        journal: Journal,
        role: str,
        event_time_ns: int | None,
        durable: bool,
        translating: Callable[[], AbstractContextManager[None]],
        behind: bool = False,
    ) -> None:
        self._journal = journal
        self._role = role
        self._event_time_ns = event_time_ns
        self._durable = durable
        self._translating = translating
        self._behind = behind
        self._batches: dict[str, Batch] = {}
        self._ended = False
        self.digest: str | None = None

    def append(self, table: str, columns: Mapping[str, object]) -> None:
        """Append rows, column by column.

        Parameters
        ----------
        table : str
            A table of facts.
        columns : mapping
            Name to values: an array or list of equal length, or one value that holds for every
            row. ``None``, NaN and NaT mean unknown, and so does a column left out. Times are int64
            nanoseconds or ``datetime64``. Columns ending in ``_json`` also take plain mappings.

        Raises
        ------
        UsageError
            An unknown table or column, unequal lengths, values of another kind; a wall-clock
            table under a market-time role; a transaction that is over.
        BadData
            A value missing that the table cannot do without.
        """
        if self._ended:
            raise UsageError("this transaction is over: open another with ledger.transaction(...)")
        facts = facts_for(table, self._role)
        rows, cast = cast_columns(table, columns, columns_of(facts))
        if rows:
            check_required(facts, cast)
            new = Batch(table, rows, cast)
            old = self._batches.setdefault(table, new)
            if old is not new:
                old.extend(new)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write the link, unless the block failed or nothing was appended."""
        self._ended = True
        if kind is not None or not self._batches:
            return
        with self._translating():
            if not self._behind:
                self.digest = self._journal.write(self.draft(), durable=self._durable)
            elif self._durable:
                self._journal.put_durably(self.draft())
            else:
                self._journal.put(self.draft())

    def draft(self) -> Draft:
        """What was appended; nothing more can be. For whoever commits it instead."""
        self._ended = True
        return Draft(self._role, self._event_time_ns, self._batches.values())
