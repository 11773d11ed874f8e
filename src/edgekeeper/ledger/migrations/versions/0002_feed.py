"""What a run was fed, what a trade was decided on, and seals.

Facts cannot be thrown away: on the way back the new tables are only put aside under another name,
and on the way forward they are taken up again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FACTS = {
    "universes": "started_market_ns int!, symbols_json text, context_json text",
    "epochs": "event_time_ns int!, bars int!, bars_hash text!",
    "trade_features": (
        "decision_time_ns int!, exit_time_ns int!, account text!, symbol text!, side text!, "
        "rsi real, macd real, macd_signal real, adx real, volume_ratio real, vwap_distance real, "
        "ema9 real, ema21 real, spy_trend text, vix_level real, time_of_day real, "
        "day_of_week int, market_regime text"
    ),
    "seals": "event_time_ns int!, role text!, links int!, digest text!",
}
KINDS = {"int": sa.BigInteger, "real": sa.Double, "text": sa.Text}
ASIDE = "aside_0002_"


def upgrade() -> None:
    """Take up the tables put aside, or create them."""
    present = set(sa.inspect(op.get_bind()).get_table_names())
    serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    for name, columns in FACTS.items():
        if f"{ASIDE}{name}" in present:
            op.rename_table(f"{ASIDE}{name}", name)
            continue
        op.create_table(
            name,
            sa.Column("entry", serial, primary_key=True, autoincrement=True),
            *_columns(f"link int!, {columns}"),
        )


def downgrade() -> None:
    """Put tables with facts aside; drop empty ones."""
    for name in reversed(FACTS):
        rows = op.get_bind().execute(sa.select(sa.literal(1)).select_from(sa.table(name)).limit(1))
        if rows.first() is None:
            op.drop_table(name)
        else:
            op.rename_table(name, f"{ASIDE}{name}")


def _columns(words: str) -> list[sa.Column[object]]:
    columns: list[sa.Column[object]] = []
    for word in words.split(","):
        name, kind = word.split()
        columns.append(sa.Column(name, KINDS[kind.rstrip("!")], nullable=not kind.endswith("!")))
    return columns
