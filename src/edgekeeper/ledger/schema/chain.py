"""The hash chain: one link a transaction, one batch for each table the link wrote to."""

from sqlalchemy import BigInteger, Column, Table, Text, UniqueConstraint

from edgekeeper.ledger.schema.columns import metadata, serial

__all__ = ["batches", "chain"]

chain = Table(
    "chain",
    metadata,
    Column("link", serial(), primary_key=True, autoincrement=True, doc="storage key, not hashed"),
    Column("role", Text, nullable=False, doc="writer: trade, learn or operations"),
    Column("seq", BigInteger, nullable=False, doc="position within the role, from 0"),
    Column("event_time_ns", BigInteger, nullable=True, doc="the epoch, where there is one"),
    Column("rows", BigInteger, nullable=False, doc="rows of all tables together"),
    Column("previous", Text, nullable=False, doc="digest of the link before, hex; zeros at first"),
    Column("digest", Text, nullable=False, doc="SHA-256 of this link, hex"),
    UniqueConstraint("role", "seq", name="uq_chain_role_seq"),
    info={"doc": "One row per committed transaction, per role."},
)

batches = Table(
    "batches",
    metadata,
    Column("link", BigInteger, primary_key=True, autoincrement=False, doc="link of the chain"),
    Column("table_name", Text, primary_key=True, doc="which table the rows stand in"),
    Column("rows", BigInteger, nullable=False, doc="how many rows"),
    Column("digest", Text, nullable=False, doc="SHA-256 of the rows' canonical bytes, hex"),
    info={"doc": "What each link wrote, table by table."},
    sqlite_with_rowid=False,
)
