"""What was proposed, forecast and decided at each bar."""

from sqlalchemy import Index

from edgekeeper.ledger.schema.columns import fact_table, instant, json_text, real, text, whole

__all__ = ["decisions", "explanations", "forecasts", "signals"]

signals = fact_table(
    "signals",
    "Proposed trades: every bar, both sides, the rules' own among them. Bulk.",
    instant("event_time_ns", "close of the bar that proposes", required=True),
    instant("known_time_ns", "first instant the proposal could be read", required=True),
    text("id", "the signal's own name, where its source gives one"),
    text("symbol", "what to trade", required=True),
    text("side", "long or short", required=True),
    text("source", "rules, rules:NAME of several, every_bar, an outside source", required=True),
    real("confidence", "the source's own, in its own scale"),
)

forecasts = fact_table(
    "forecasts",
    "What a line's package says of both sides of a bar; all NULL where it abstains. Bulk.",
    instant("event_time_ns", "close of the bar", required=True),
    text("symbol", "of the bar", required=True),
    text("line", "line that forecasts", required=True),
    text("package", "content hash of the package that made it"),
    real("probability_long", "chance that the long side ends with a net profit"),
    real("probability_short", "the same for the short side"),
    real("expected_return_long", "mean net return, fraction of the entry price"),
    real("expected_return_short", "the same for the short side"),
    real("lower_long", "lower end of the net return's interval"),
    real("lower_short", "the same for the short side"),
    real("upper_long", "upper end of the net return's interval"),
    real("upper_short", "the same for the short side"),
    real("risk_long", "chance to end at the stop"),
    real("risk_short", "the same for the short side"),
    real("bars_held_long", "expected bars until the exit"),
    real("bars_held_short", "the same for the short side"),
    real("novelty", "share of features outside what training saw, 0 to 1"),
)

decisions = fact_table(
    "decisions",
    "Take, reduce or skip, for each signal, with the first reason; of accounts to compare with "
    "only what they trade on.",
    instant("event_time_ns", "close of the bar decided on", required=True),
    text("symbol", "of the signal", required=True),
    text("account", "whose decision: champion, rules, always_newest, ...", required=True),
    text("side", "long or short", required=True),
    text("decision", "take, reduce or skip", required=True),
    real("size", "position value as a fraction of equity"),
    real("stop", "stop price"),
    real("target", "target price"),
    text("reason", "the check that settled it", required=True),
    text("model", "content hash of the package, NULL for the fallback"),
    json_text("reasons_json", "every check of the funnel with its figures"),
)

explanations = fact_table(
    "explanations",
    "What moved the score behind a model's larger decisions, where `[explain]` asks for it.",
    instant("event_time_ns", "close of the bar decided on", required=True),
    text("symbol", "as in decisions", required=True),
    text("account", "whose decision", required=True),
    text("side", "long or short", required=True),
    text("model", "content hash of the package that was asked", required=True),
    real("score", "its log-odds that the long side does better"),
    real("base", "mean score of what is usual for the package"),
    whole("exact", "1 where the parts are exact, 0 where they were sampled"),
    json_text("parts_json", "features that moved the score most: value, what it adds, error"),
)
Index("ix_decisions_event_time_ns", decisions.c.event_time_ns)
Index("ix_explanations_event_time_ns", explanations.c.event_time_ns)
Index("ix_forecasts_event_time_ns", forecasts.c.event_time_ns)
