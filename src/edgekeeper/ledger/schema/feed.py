"""What a run was fed: the names it knows, and the bars of each epoch by their hash."""

from edgekeeper.ledger.schema.columns import fact_table, instant, json_text, text, whole

__all__ = ["epochs", "universes"]

universes = fact_table(
    "universes",
    "Names a run was started with; more bars may follow, more names may not.",
    instant("started_market_ns", "first bar, market time", required=True),
    json_text("symbols_json", "all symbols, sorted"),
    json_text("context_json", "all context columns, sorted"),
)

epochs = fact_table(
    "epochs",
    "Stretches of market time between two boundaries, with the bars they ran on.",
    instant("event_time_ns", "last instant of the epoch: its boundary", required=True),
    whole("bars", "how many", required=True),
    text("bars_hash", "their content, as Edgekeeper hashes bars", required=True),
)
