"""Where bulk rows lie once they have left their table, and what was let go."""

from sqlalchemy import Column, LargeBinary, Table, Text

from edgekeeper.ledger.schema.columns import fact_table, instant, metadata, text, whole

__all__ = ["segment_bytes", "storage"]

storage = fact_table(
    "storage",
    "What became of bulk rows: moved to a segment, let go, or not kept. Operational.",
    instant("wall_time_ns", "the machine's clock", required=True),
    text("event", "moved, let_go, stopped, resumed or put_off", required=True),
    text("table_name", "whose rows", required=True),
    text("segment", "name of the segment"),
    text("digest", "SHA-256 of the segment's bytes, hex"),
    whole("first_link", "first link whose rows it holds"),
    whole("last_link", "last link whose rows it holds"),
    whole("rows", "how many rows"),
    whole("bytes", "size of the segment"),
    instant("since_ns", "market time of the first row"),
    instant("until_ns", "market time of the last row"),
    text("reason", "why, as a sentence"),
)

segment_bytes = Table(
    "segment_bytes",
    metadata,
    Column("name", Text, primary_key=True, doc="name of the segment"),
    Column("content", LargeBinary, nullable=False, doc="a Parquet file"),
    info={"doc": "Segments of a ledger that is no file: a server's, or one in memory."},
)
