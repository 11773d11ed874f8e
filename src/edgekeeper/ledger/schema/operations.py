"""Alerts, approvals, signs of life, seals and receipts."""

from sqlalchemy import Index

from edgekeeper.ledger.schema.columns import fact_table, instant, json_text, text, whole

__all__ = ["alerts", "approvals", "heartbeats", "receipts", "seals"]

alerts = fact_table(
    "alerts",
    "Alerts as raised.",
    instant("event_time_ns", "when", required=True),
    text("severity", "critical, warning or info", required=True),
    text("rule", "which rule fired", required=True),
    text("message", "as a sentence", required=True),
    json_text("detail_json", "the figures"),
)

approvals = fact_table(
    "approvals",
    "What was asked of a person, and the answer.",
    instant("event_time_ns", "when", required=True),
    text("subject", "line, package or setting", required=True),
    text(
        "kind",
        "implausible_fit, parameter_change, resume, study_note, study_close, ...",
        required=True,
    ),
    text("answer", "asked, applied, approved, denied, noted or closed", required=True),
    text("actor", "who", required=True),
    text("reason", "in their words"),
    json_text("detail_json", "what was shown to them"),
)

heartbeats = fact_table(
    "heartbeats",
    "Signs of life. Wall time: operational roles only.",
    instant("wall_time_ns", "the machine's clock", required=True),
    text("process", "trade, learn, watch or web", required=True),
    whole("pid", "process id"),
    text("state", "starting, alive or stopping", required=True),
    text("detail", "where it stands"),
)

seals = fact_table(
    "seals",
    "Heads of the market-time chains at month ends and at the end of a run.",
    instant("event_time_ns", "boundary the seal stands for", required=True),
    text("role", "whose chain", required=True),
    whole("links", "how many links it had", required=True),
    text("digest", "of its last link, hex", required=True),
)

receipts = fact_table(
    "receipts",
    "What a live path handed in, by its own key: handed in again, it stands once.",
    instant("event_time_ns", "market time, where there is one"),
    text("idempotency_key", "unique, chosen by whoever hands in", required=True),
)
Index("ix_receipts_idempotency_key", receipts.c.idempotency_key, unique=True)
