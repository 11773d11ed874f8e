"""Links in the making, some at once: rows of a table come together, and each link has its share."""

from collections.abc import Mapping, Sequence
from itertools import accumulate

from edgekeeper.errors import UsageError
from edgekeeper.ledger.batches import Batch, Draft
from edgekeeper.ledger.cutting import cut_digests
from edgekeeper.ledger.schema import columns_of
from edgekeeper.ledger.transaction import check_required, facts_for
from edgekeeper.ledger.values import cast_columns

__all__ = ["Drafts"]


class Drafts:
    """Collects what several links of one role write. What comes out is what each would be alone.

    Parameters
    ----------
    role : str
    times : sequence of int
        Event time of each link.
    """

    def __init__(self, role: str, times: Sequence[int]) -> None:
        self.role = role
        self.times = tuple(times)
        self._written: list[dict[str, Batch]] = [{} for _ in self.times]

    def append(self, table: str, columns: Mapping[str, object], counts: Sequence[int]) -> None:
        """Append rows to links, column by column: the first link's rows first.

        Parameters
        ----------
        table : str
            A table of facts.
        columns : mapping
            As for :meth:`Transaction.append`.
        counts : sequence of int
            Rows of each link.

        Raises
        ------
        UsageError, BadData
            As for :meth:`Transaction.append`; other counts than there are links or rows.
        """
        facts = facts_for(table, self.role)
        kinds = columns_of(facts)
        if len(counts) != len(self.times):
            raise UsageError(f"{table}: expected {len(self.times)} counts, got {len(counts)}")
        rows, cast = cast_columns(table, columns, kinds)
        if rows != sum(counts):
            raise UsageError(f"{table}: expected {sum(counts)} rows, got {rows}")
        if not rows:
            return
        check_required(facts, cast)
        ends = list(accumulate(counts, initial=0))
        links = [link for link, count in enumerate(counts) if count]
        spans = [(ends[link], ends[link + 1]) for link in links]
        digests = cut_digests(table, columns, cast, kinds, spans)
        for link, (first, last), digest in zip(links, spans, digests, strict=True):
            new = Batch(table, last - first, cast, first, digest)
            old = self._written[link].setdefault(table, new)
            if old is not new:
                old.extend(new)

    def finished(self) -> list[Draft]:
        """All links that were given rows, in order."""
        return [
            Draft(self.role, time, written.values())
            for time, written in zip(self.times, self._written, strict=True)
            if written
        ]
