"""Bulk rows in segments: what was moved or let go, and the bytes where the ledger is no file.

There is no way back once rows have left their tables: an older version would not find them.
"""

import sqlalchemy as sa
from alembic import op

from edgekeeper.errors import UsageError

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "storage",
        sa.Column(
            "entry",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        sa.Column("link", sa.BigInteger, nullable=False),
        sa.Column("wall_time_ns", sa.BigInteger, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("table_name", sa.Text, nullable=False),
        sa.Column("segment", sa.Text),
        sa.Column("digest", sa.Text),
        *(sa.Column(name, sa.BigInteger) for name in ("first_link", "last_link", "rows", "bytes")),
        sa.Column("since_ns", sa.BigInteger),
        sa.Column("until_ns", sa.BigInteger),
        sa.Column("reason", sa.Text),
    )
    op.create_table(
        "segment_bytes",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Back, as long as nothing has left its table."""
    facts = sa.select(sa.literal(1)).select_from(sa.table("storage")).limit(1)
    if op.get_bind().execute(facts).first() is not None:
        raise UsageError(
            "expected all rows in their tables, but some are in segments, which the older version "
            "does not know: go back to a backup from before"
        )
    op.drop_table("segment_bytes")
    op.drop_table("storage")
