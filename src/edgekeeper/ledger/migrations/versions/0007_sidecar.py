"""The side-car: signals and their answers, outcomes, what was learned and ordered.

All of it are facts: on the way back tables with rows are put aside, as in 0002.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INTEGER, REAL, TEXT = sa.BigInteger, sa.Double, sa.Text
TABLES: dict[str, list[tuple[str, Any, bool]]] = {
    "sidecar_signals": [
        ("event_time_ns", INTEGER, True),
        ("wall_time_ns", INTEGER, True),
        ("id", TEXT, True),
        ("symbol", TEXT, True),
        ("side", TEXT, True),
        ("source", TEXT, False),
        ("confidence", REAL, False),
        ("price", REAL, False),
        ("features_json", TEXT, False),
        ("bar_features_json", TEXT, False),
        ("mode", TEXT, True),
        ("decision", TEXT, True),
        ("size", REAL, False),
        ("stop", REAL, False),
        ("target", REAL, False),
        ("probability", REAL, False),
        ("expected_return", REAL, False),
        ("lower", REAL, False),
        ("upper", REAL, False),
        ("risk", REAL, False),
        ("minutes", REAL, False),
        ("novelty", REAL, False),
        ("line", TEXT, False),
        ("model", TEXT, False),
        ("reasons_json", TEXT, False),
        ("halted", INTEGER, True),
        ("explored", INTEGER, True),
        ("counted", INTEGER, True),
        ("chance", REAL, False),
    ],
    "sidecar_forecasts": [
        ("event_time_ns", INTEGER, True),
        ("id", TEXT, True),
        ("line", TEXT, True),
        ("package", TEXT, True),
        ("probability", REAL, False),
        ("expected_return", REAL, False),
        ("lower", REAL, False),
        ("upper", REAL, False),
        ("risk", REAL, False),
        ("minutes", REAL, False),
        ("novelty", REAL, False),
        ("size", REAL, False),
        ("reason", TEXT, False),
    ],
    "sidecar_outcomes": [
        ("event_time_ns", INTEGER, True),
        ("wall_time_ns", INTEGER, True),
        ("id", TEXT, True),
        ("source", TEXT, True),
        ("net_return", REAL, False),
        ("exit_reason", TEXT, False),
        ("entry_price", REAL, False),
        ("exit_price", REAL, False),
        ("quantity", REAL, False),
        ("fees", REAL, False),
    ],
    "sidecar_fits": [
        ("wall_time_ns", INTEGER, True),
        ("line", TEXT, True),
        ("hash", TEXT, False),
        ("refit_index", INTEGER, True),
        ("outcomes", INTEGER, True),
        ("verdict", TEXT, True),
        ("reason", TEXT, False),
        ("metrics_json", TEXT, False),
    ],
    "sidecar_moves": [
        ("event_time_ns", INTEGER, True),
        ("line", TEXT, True),
        ("from_stage", TEXT, False),
        ("to_stage", TEXT, True),
        ("verdict", TEXT, True),
        ("reason", TEXT, True),
        ("actor", TEXT, True),
        ("share", REAL, False),
        ("package", TEXT, False),
        ("pinned", INTEGER, False),
        ("level", REAL, False),
        ("test_index", INTEGER, False),
        ("evidence_json", TEXT, False),
    ],
    "sidecar_evidence": [
        ("event_time_ns", INTEGER, True),
        ("line", TEXT, True),
        ("signals", INTEGER, True),
        ("taken", INTEGER, True),
        ("missing", INTEGER, True),
        ("closed_ns", INTEGER, False),
        ("mean_size", REAL, False),
        ("book_return", REAL, False),
        ("exposure_return", REAL, False),
        ("incumbent_return", REAL, False),
        ("outcome_square", REAL, False),
        ("scale_cash", REAL, False),
        ("scale_exposure", REAL, False),
        ("scale_incumbent", REAL, False),
        ("spread_cash", REAL, False),
        ("spread_exposure", REAL, False),
        ("spread_incumbent", REAL, False),
        ("log_e_cash", REAL, False),
        ("log_e_exposure", REAL, False),
        ("log_e_incumbent", REAL, False),
        ("log_harm", REAL, False),
        ("threshold", REAL, False),
    ],
    "sidecar_guards": [
        ("wall_time_ns", INTEGER, True),
        ("event", TEXT, True),
        ("cause", TEXT, True),
        ("actor", TEXT, True),
        ("reason", TEXT, False),
    ],
    "sidecar_obeyed": [
        ("wall_time_ns", INTEGER, True),
        ("id", TEXT, True),
        ("kind", TEXT, True),
        ("subject", TEXT, False),
        ("actor", TEXT, True),
        ("reason", TEXT, True),
        ("outcome", TEXT, True),
    ],
}
INDEXES = (
    ("sidecar_signals", "event_time_ns"),
    ("sidecar_forecasts", "event_time_ns"),
    ("sidecar_signals", "id"),
    ("sidecar_forecasts", "id"),
    ("sidecar_outcomes", "id"),
)


def _aside(name: str) -> str:
    return f"aside_0007_{name}"


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
    for name, column in INDEXES:
        op.create_index(f"ix_{name}_{column}", name, [column])


def downgrade() -> None:
    """Put tables aside where they have rows; drop the others."""
    for name, column in INDEXES:
        op.drop_index(f"ix_{name}_{column}", name)
    for name in TABLES:
        some = sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1)
        if op.get_bind().execute(some).first() is None:
            op.drop_table(name)
        else:
            op.rename_table(name, _aside(name))
