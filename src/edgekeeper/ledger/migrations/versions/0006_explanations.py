"""Why a model's larger decisions came out as they did.

Explanations are facts: on the way back they are put aside, as in 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE, ASIDE = "explanations", "aside_0006_explanations"
INDEX = "ix_explanations_event_time_ns"


def upgrade() -> None:
    """Take the table up, or create it."""
    if ASIDE in sa.inspect(op.get_bind()).get_table_names():
        op.rename_table(ASIDE, TABLE)
    else:
        op.create_table(
            TABLE,
            sa.Column(
                "entry",
                sa.BigInteger().with_variant(sa.Integer, "sqlite"),
                primary_key=True,
                autoincrement=True,
            ),
            sa.Column("link", sa.BigInteger, nullable=False),
            sa.Column("event_time_ns", sa.BigInteger, nullable=False),
            *(
                sa.Column(name, sa.Text, nullable=False)
                for name in ("symbol", "account", "side", "model")
            ),
            sa.Column("score", sa.Double),
            sa.Column("base", sa.Double),
            sa.Column("exact", sa.BigInteger),
            sa.Column("parts_json", sa.Text),
        )
    op.create_index(INDEX, TABLE, ["event_time_ns"])


def downgrade() -> None:
    """Put it aside where it holds facts, drop it where it does not."""
    op.drop_index(INDEX, TABLE)
    some = sa.select(sa.literal(1)).select_from(sa.table(TABLE)).limit(1)
    if op.get_bind().execute(some).first() is None:
        op.drop_table(TABLE)
    else:
        op.rename_table(TABLE, ASIDE)
