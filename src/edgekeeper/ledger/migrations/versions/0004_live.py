"""For live paths and for looking back: receipts, leaner batches, indexes on time.

Receipts are facts: on the way back they are put aside, as in 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEXES = {
    "decisions": "event_time_ns",
    "forecasts": "event_time_ns",
    "equity": "event_time_ns",
    "trades": "exit_time_ns",
}
ASIDE = "aside_0004_receipts"
KEY = "ix_receipts_idempotency_key"


def upgrade() -> None:
    """Take receipts up or create them; the rest only arranges what is there."""
    if ASIDE in sa.inspect(op.get_bind()).get_table_names():
        op.rename_table(ASIDE, "receipts")
    else:
        op.create_table(
            "receipts",
            sa.Column(
                "entry",
                sa.BigInteger().with_variant(sa.Integer, "sqlite"),
                primary_key=True,
                autoincrement=True,
            ),
            sa.Column("link", sa.BigInteger, nullable=False),
            sa.Column("event_time_ns", sa.BigInteger),
            sa.Column("idempotency_key", sa.Text, nullable=False),
        )
    op.create_index("ix_receipts_idempotency_key", "receipts", ["idempotency_key"], unique=True)
    for table, column in INDEXES.items():
        op.create_index(f"ix_{table}_{column}", table, [column])
    _rearrange_batches(with_rowid=False)


def downgrade() -> None:
    """Put receipts aside where there are any; drop the rest."""
    _rearrange_batches(with_rowid=True)
    for table, column in INDEXES.items():
        op.drop_index(f"ix_{table}_{column}", table)
    op.drop_index(KEY, "receipts")
    some = sa.select(sa.literal(1)).select_from(sa.table("receipts")).limit(1)
    if op.get_bind().execute(some).first() is None:
        op.drop_table("receipts")
    else:
        op.rename_table("receipts", ASIDE)


def _rearrange_batches(*, with_rowid: bool) -> None:
    """Keep batches in the tree of their key, not beside it: a page less for each link (SQLite)."""
    if op.get_bind().dialect.name != "sqlite":
        return
    op.rename_table("batches", "batches_before")
    op.create_table(
        "batches",
        sa.Column("link", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("table_name", sa.Text, primary_key=True),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sqlite_with_rowid=with_rowid,
    )
    op.execute("INSERT INTO batches SELECT * FROM batches_before")
    op.drop_table("batches_before")
