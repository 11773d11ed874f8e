"""The first schema: the chain, its batches, and seventeen tables of facts.

A migration is history: it spells its columns out and never reads the current schema. ``!`` marks
a column that may not be NULL.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FACTS = {
    "runs": (
        "started_market_ns int!, run_id text!, config_hash text!, config_json text, data_hash "
        "text!, seed int, code_version text"
    ),
    "signals": (
        "event_time_ns int!, known_time_ns int!, id text, symbol text!, side text!, source "
        "text!, confidence real"
    ),
    "forecasts": (
        "event_time_ns int!, symbol text!, line text!, package text, probability_long real, "
        "probability_short real, expected_return_long real, expected_return_short real, "
        "lower_long real, lower_short real, upper_long real, upper_short real, risk_long "
        "real, risk_short real, bars_held_long real, bars_held_short real, novelty real"
    ),
    "decisions": (
        "event_time_ns int!, symbol text!, account text!, side text!, decision text!, size "
        "real, stop real, target real, reason text!, model text, reasons_json text"
    ),
    "orders": (
        "event_time_ns int!, id text!, account text!, symbol text!, side text!, action text!, "
        "order_type text, quantity real, limit_price real, stop real, target real"
    ),
    "fills": (
        "event_time_ns int!, order_id text, account text!, symbol text!, side text!, action "
        "text!, quantity real, price real, fee real, reference_price real"
    ),
    "trades": (
        "exit_time_ns int!, decision_time_ns int, entry_time_ns int, account text!, symbol "
        "text!, side text!, quantity real, entry_price real, exit_price real, exit_reason "
        "text, gross_return real, net_return real, costs real, mfe real, mae real, bars_held "
        "int, model text"
    ),
    "equity": (
        "event_time_ns int!, account text!, equity real, cash real, gross_exposure real, "
        "net_exposure real"
    ),
    "guards": (
        "event_time_ns int!, account text!, event text!, cause text, detail text, actor text, "
        "evidence_json text"
    ),
    "lines": (
        "registered_at_ns int!, line text!, name text, recipe_hash text!, recipe_json text, "
        "test_index int, level real"
    ),
    "trials": (
        "event_time_ns int!, study text!, line text, data_hash text!, labels_hash text!, "
        "configuration_hash text!, configuration_json text, metric text, value real, "
        "metrics_json text"
    ),
    "packages": (
        "fitted_at_ns int!, hash text!, line text!, refit_index int, window_start_ns int, "
        "window_end_ns int, verdict text!, reasons_json text, metrics_json text"
    ),
    "stages": (
        "event_time_ns int!, line text!, from_stage text, to_stage text!, reason text!, actor "
        "text!, evidence_json text"
    ),
    "evidence": (
        "event_time_ns int!, line text!, log_e_cash real, log_e_exposure real, "
        "log_e_incumbent real, log_harm real, threshold real, book_return real, "
        "exposure_return real, incumbent_return real, scale real"
    ),
    "alerts": ("event_time_ns int!, severity text!, rule text!, message text!, detail_json text"),
    "approvals": (
        "event_time_ns int!, subject text!, kind text!, answer text!, actor text!, reason "
        "text, detail_json text"
    ),
    "heartbeats": ("wall_time_ns int!, process text!, pid int, state text!, detail text"),
}
KINDS = {"int": sa.BigInteger, "real": sa.Double, "text": sa.Text}


def upgrade() -> None:
    """Create the chain, then every table of facts."""
    serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "chain",
        sa.Column("link", serial, primary_key=True, autoincrement=True),
        *_columns("role text!, seq int!, event_time_ns int, rows int!, previous text!"),
        *_columns("digest text!"),
        sa.UniqueConstraint("role", "seq", name="uq_chain_role_seq"),
    )
    op.create_table(
        "batches",
        sa.Column("link", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("table_name", sa.Text, primary_key=True),
        *_columns("rows int!, digest text!"),
    )
    for name, columns in FACTS.items():
        op.create_table(
            name,
            sa.Column("entry", serial, primary_key=True, autoincrement=True),
            *_columns(f"link int!, {columns}"),
        )


def downgrade() -> None:
    """Drop everything: back to an empty database."""
    for name in [*reversed(FACTS), "batches", "chain"]:
        op.drop_table(name)


def _columns(words: str) -> list[sa.Column[object]]:
    columns: list[sa.Column[object]] = []
    for word in words.split(","):
        name, kind = word.split()
        columns.append(sa.Column(name, KINDS[kind.rstrip("!")], nullable=not kind.endswith("!")))
    return columns
