"""Get rows out of segments, each held against its digest first."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from edgekeeper.errors import BadData
from edgekeeper.ledger.holdings import read_holdings
from edgekeeper.ledger.schema import FACTS
from edgekeeper.ledger.segment import Segment, decode
from edgekeeper.ledger.stores import SegmentStore

if TYPE_CHECKING:
    import polars as pl

__all__ = ["SegmentReader"]


class SegmentReader:
    """Reads the segments of one ledger.

    Parameters
    ----------
    engine : Engine
    store : SegmentStore
    place : str
        For messages.
    """

    def __init__(self, engine: Engine, store: SegmentStore, place: str) -> None:
        self.engine = engine
        self.store = store
        self.place = place

    def content(self, segment: Segment) -> bytes:
        """Return a segment's bytes as they were chained.

        Raises
        ------
        BadData
            It is absent, truncated, edited, or another one lies in its place.
        """
        content = self.store.get(segment.name)
        if content is None:
            raise self._wrong(segment, "it is absent")
        found = hashlib.sha256(content).hexdigest()
        if found == segment.digest:
            return content
        if len(content) < segment.bytes and not content.endswith(b"PAR1"):
            raise self._wrong(segment, f"it was truncated to {len(content):,} bytes")
        with self.engine.connect() as connection:
            others = {one.digest: one.name for one in read_holdings(connection).standing()}
        if found in others:
            raise self._wrong(segment, f"{others[found]} was put in its place")
        raise self._wrong(segment, "its bytes were changed after it was written")

    def frames(
        self, segments: Sequence[Segment], columns: Sequence[str] | None = None
    ) -> "Iterator[pl.DataFrame]":
        """Rows of each segment, without those that were let go in the meantime."""
        for segment in segments:
            try:
                content = self.content(segment)
            except BadData:
                with self.engine.connect() as connection:
                    if segment.name in read_holdings(connection).let_go:
                        continue
                raise
            yield decode(FACTS[segment.table], content, columns)

    def rows_of_link(self, segments: Sequence[Segment], link: int) -> list[tuple[object, ...]]:
        """Rows of one batch, out of the segment that holds its link."""
        held = [one for one in segments if one.first_link <= link <= one.last_link]
        return [
            row
            for frame in self.frames(held)
            for row in frame.filter(frame["link"] == link).drop("entry", "link").rows()
        ]

    def _wrong(self, segment: Segment, what: str) -> BadData:
        return BadData(
            f"ledger {self.place}: segment {segment.name} of table {segment.table!r} (links "
            f"{segment.first_link} to {segment.last_link}, {segment.bytes:,} bytes): {what}; "
            "restore it from a backup"
        )
