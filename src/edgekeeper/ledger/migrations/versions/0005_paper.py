"""For runs that go on: their steps, their heritage, and what people order.

All of it are facts: on the way back tables with rows are put aside, as in 0002.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INTEGER, REAL, TEXT = sa.BigInteger, sa.Double, sa.Text
TABLES: dict[str, list[tuple[str, Any, bool]]] = {
    "stretches": [
        ("event_time_ns", INTEGER, True),
        ("number", INTEGER, True),
        ("kind", TEXT, True),
        ("known_time_ns", INTEGER, False),
        ("latency_ms", REAL, False),
    ],
    "bequests": [
        ("event_time_ns", INTEGER, True),
        ("line", TEXT, True),
        ("package", TEXT, True),
        ("run_id", TEXT, True),
    ],
    "commands": [
        ("wall_time_ns", INTEGER, True),
        ("id", TEXT, True),
        ("kind", TEXT, True),
        ("subject", TEXT, False),
        ("actor", TEXT, True),
        ("reason", TEXT, True),
        ("detail_json", TEXT, False),
    ],
    "obeyed": [
        ("event_time_ns", INTEGER, True),
        ("after", INTEGER, True),
        ("id", TEXT, True),
        ("kind", TEXT, True),
        ("subject", TEXT, False),
        ("actor", TEXT, True),
        ("reason", TEXT, True),
        ("outcome", TEXT, True),
        ("detail_json", TEXT, False),
    ],
    "refit_requests": [
        ("event_time_ns", INTEGER, True),
        ("line", TEXT, True),
        ("package", TEXT, True),
        ("reason", TEXT, True),
        ("since_ns", INTEGER, False),
        ("sentence", TEXT, True),
        ("lead_bars", INTEGER, False),
    ],
}


def _aside(name: str) -> str:
    return f"aside_0005_{name}"


def upgrade() -> None:
    """Take each table up where it was put aside; create it otherwise."""
    there = sa.inspect(op.get_bind()).get_table_names()
    for name, columns in TABLES.items():
        if _aside(name) in there:
            op.rename_table(_aside(name), name)
            continue
        op.create_table(
            name,
            sa.Column(
                "entry",
                sa.BigInteger().with_variant(sa.Integer, "sqlite"),
                primary_key=True,
                autoincrement=True,
            ),
            sa.Column("link", sa.BigInteger, nullable=False),
            *(sa.Column(title, kind, nullable=not required) for title, kind, required in columns),
        )


def downgrade() -> None:
    """Put tables aside where they have rows; drop the others."""
    for name in TABLES:
        some = sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)
        if op.get_bind().execute(some).first() is None:
            op.drop_table(name)
        else:
            op.rename_table(name, _aside(name))
