"""What the record says of its bulk rows: which lie in segments, were let go, or were not kept."""

from dataclasses import dataclass, field, replace

import numpy as np
from sqlalchemy import Connection, select, text

from edgekeeper.ledger.schema import FACTS
from edgekeeper.ledger.segment import Segment

__all__ = ["Gap", "Holdings", "LetGo", "read_holdings", "snapshot"]


@dataclass(frozen=True, slots=True)
class LetGo:
    """A segment that retention gave up; its digest stays in the record.

    Attributes
    ----------
    segment : Segment
    wall_time_ns : int
        When.
    reason : str
    """

    segment: Segment
    wall_time_ns: int
    reason: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Links between two facts, both exclusive, whose rows of a table were not kept.

    Attributes
    ----------
    table : str
    after_link : int
    until_link : int or None
        ``None``: it is open.
    wall_time_ns : int
        When it began.
    reason : str
    """

    table: str
    after_link: int
    until_link: int | None
    wall_time_ns: int
    reason: str

    @property
    def told(self) -> str:
        """What a person should know of it, as a sentence without its full stop."""
        day = np.datetime64(self.wall_time_ns, "ns").astype("datetime64[D]")
        again = "" if self.until_link is None else "; they are kept again by now"
        return f"{self.table} were not kept from {day} on: {self.reason}{again}"

    def covers(self, link: int) -> bool:
        """Whether rows of this link may be absent."""
        return self.after_link < link and (self.until_link is None or link < self.until_link)


@dataclass(slots=True)
class Holdings:
    """Segments by table in order of writing, and what is no longer, or never was, there."""

    moved: dict[str, list[Segment]] = field(default_factory=dict)
    let_go: dict[str, LetGo] = field(default_factory=dict)
    gaps: list[Gap] = field(default_factory=list)

    def covered(self, table: str) -> int:
        """Last link whose rows have left the table; 0 before the first."""
        segments = self.moved.get(table)
        return segments[-1].last_link if segments else 0

    def standing(self, table: str | None = None) -> list[Segment]:
        """Segments that have to be there, of one table or of all."""
        names = self.moved if table is None else [table]
        segments = [one for name in names for one in self.moved.get(name, ())]
        return [segment for segment in segments if segment.name not in self.let_go]

    def absent(self, table: str, link: int) -> bool:
        """Whether the rows of a batch may be absent: let go with their segment, or not kept."""
        return any(
            one.segment.table == table and one.segment.first_link <= link <= one.segment.last_link
            for one in self.let_go.values()
        ) or any(gap.table == table and gap.covers(link) for gap in self.gaps)

    def open_gaps(self) -> list[str]:
        """Tables whose rows are not being kept."""
        return [gap.table for gap in self.gaps if gap.until_link is None]


def snapshot(connection: Connection) -> Connection:
    """Let a connection see one instant of the database: facts, and the rows they speak of."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    return connection


def read_holdings(connection: Connection) -> Holdings:
    """Read the facts."""
    table = FACTS["storage"]
    held = Holdings()
    known: dict[str, Segment] = {}
    for fact in connection.execute(select(table).order_by(table.c.entry)):
        if fact.event == "moved":
            segment = Segment(
                fact.table_name, fact.segment, fact.digest, fact.first_link, fact.last_link,
                fact.rows, fact.bytes, fact.since_ns, fact.until_ns,
            )  # fmt: skip
            known[segment.name] = segment
            held.moved.setdefault(segment.table, []).append(segment)
        elif fact.event == "let_go" and fact.segment in known:
            held.let_go[fact.segment] = LetGo(known[fact.segment], fact.wall_time_ns, fact.reason)
        elif fact.event == "stopped":
            held.gaps.append(Gap(fact.table_name, fact.link, None, fact.wall_time_ns, fact.reason))
        elif fact.event == "resumed":
            held.gaps = [
                replace(gap, until_link=fact.link)
                if gap.table == fact.table_name and gap.until_link is None
                else gap
                for gap in held.gaps
            ]
    return held
