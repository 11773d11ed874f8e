"""The side-car: what bots proposed and were answered, how it ended, and what was learned of it.

Tables of its own, beside those of a run that trades. One ledger may hold both, and whoever reads
`lines`, `packages`, `stages` or `evidence` expects bars, a market and an account behind each row;
a side-car has days of signals.
"""

from sqlalchemy import Index

from edgekeeper.ledger.schema.columns import fact_table, instant, json_text, real, text, whole

__all__ = [
    "sidecar_evidence",
    "sidecar_fits",
    "sidecar_forecasts",
    "sidecar_guards",
    "sidecar_moves",
    "sidecar_obeyed",
    "sidecar_outcomes",
    "sidecar_signals",
]

sidecar_signals = fact_table(
    "sidecar_signals",
    "Signals of bots as they came, each with its answer, which stands for good.",
    instant("event_time_ns", "time of the signal, as the bot says", required=True),
    instant("wall_time_ns", "when it came", required=True),
    text("id", "the bot's own, unique", required=True),
    text("symbol", "what to trade", required=True),
    text("side", "long or short", required=True),
    text("source", "who proposes, as the bot says"),
    real("confidence", "the bot's own, 0 to 1"),
    real("price", "that the bot saw"),
    json_text("features_json", "what the bot knew, by name; null: not known"),
    json_text("bar_features_json", "what the bars said at their last close before it came"),
    text("mode", "observe, advise or enforce", required=True),
    text("decision", "take, reduce or skip", required=True),
    real("size", "share of the bot's usual stake"),
    real("stop", "price of the stop"),
    real("target", "price of the target"),
    real("probability", "chance of a net profit, of the model that decides or is shown"),
    real("expected_return", "mean net return, fraction of the entry value"),
    real("lower", "lower end of the net return's interval"),
    real("upper", "upper end"),
    real("risk", "chance to end at the stop"),
    real("minutes", "expected until the exit"),
    real("novelty", "share of features outside what training saw"),
    text("line", "whose forecast it is"),
    text("model", "content hash of its package"),
    json_text("reasons_json", "sentences, in the order of the questions"),
    whole("halted", "1: a halt was in force", required=True),
    whole("explored", "1: let through although the model would have skipped it", required=True),
    whole("counted", "1: decided on its merits, so that it counts as evidence", required=True),
    real("chance", "probability, before the dice by its id, that the bot is told to trade it"),
)

sidecar_forecasts = fact_table(
    "sidecar_forecasts",
    "What each line of the side-car says of a signal, written before its outcome is known.",
    instant("event_time_ns", "time of the signal", required=True),
    text("id", "of the signal", required=True),
    text("line", "line that forecasts", required=True),
    text("package", "content hash of its package", required=True),
    real("probability", "chance of a net profit; NULL: the line abstains"),
    real("expected_return", "mean net return, fraction of the entry value"),
    real("lower", "lower end of the net return's interval"),
    real("upper", "upper end"),
    real("risk", "chance to end at the stop"),
    real("minutes", "expected until the exit"),
    real("novelty", "share of features outside what training saw"),
    real("size", "share of the usual stake that the line would give it"),
    text("reason", "why that size"),
)

sidecar_outcomes = fact_table(
    "sidecar_outcomes",
    "How signals ended, as bots told or as bars show; a signal has at most one of each.",
    instant("event_time_ns", "when the trade was closed", required=True),
    instant("wall_time_ns", "when it was learned", required=True),
    text("id", "of the signal", required=True),
    text("source", "bot, or bars", required=True),
    real("net_return", "after costs, fraction of the entry value; NULL: not traded"),
    text("exit_reason", "target, stop, time, not_traded, or the bot's own word"),
    real("entry_price", "paid or received, per unit"),
    real("exit_price", "received or paid, per unit"),
    real("quantity", "units"),
    real("fees", "of both sides, in the quote currency"),
)

sidecar_fits = fact_table(
    "sidecar_fits",
    "Fits of the side-car's lines.",
    instant("wall_time_ns", "when it was taken over", required=True),
    text("line", "the recipe", required=True),
    text("hash", "content hash; NULL: nothing came of it"),
    whole("refit_index", "from 0 within the line", required=True),
    whole("outcomes", "known when it was asked for", required=True),
    text("verdict", "accepted, vetoed, needs_approval or failed", required=True),
    text("reason", "as a sentence"),
    json_text("metrics_json", "figures on the hold-out"),
)

sidecar_moves = fact_table(
    "sidecar_moves",
    "Registrations and moves of the side-car's lines, and changes of what they forecast with.",
    instant(
        "event_time_ns", "last instant it follows from, of signals and outcomes", required=True
    ),
    text("line", "who moves", required=True),
    text("from_stage", "NULL at registration"),
    text("to_stage", "shadow, ab_test, production or retired", required=True),
    text(
        "verdict", "registered, promoted, widened, retreated, refused, pinned, ...", required=True
    ),
    text("reason", "as a sentence", required=True),
    text("actor", "rule, or a person", required=True),
    real("share", "of the signals it decides from here on"),
    text("package", "content hash of what it forecasts with from here on"),
    whole("pinned", "1: refits change nothing"),
    real("level", "error level it is tested at"),
    whole("test_index", "position in the sequence of tests, from 1"),
    json_text("evidence_json", "the figures the rule looked at"),
)

sidecar_evidence = fact_table(
    "sidecar_evidence",
    "One row a day (UTC) and line, and one for the bot itself: books, and bets on them.",
    instant("event_time_ns", "end of the day", required=True),
    text("line", "whose; bot: takes every signal at full size", required=True),
    whole("signals", "that count that day", required=True),
    whole("taken", "of these, at some size by the line", required=True),
    whole("missing", "of these, without an outcome: counted as bad for the line", required=True),
    instant("closed_ns", "last instant at which one of them was closed"),
    real("mean_size", "of the line, over the day's signals"),
    real("book_return", "sum of sizes times outcomes, in usual stakes"),
    real("exposure_return", "of its trailing mean size on every signal"),
    real("incumbent_return", "of the line that decides, or the bot"),
    real("outcome_square", "mean square of the day's single outcomes; of the bot alone"),
    real("scale_cash", "predicted deviation the bet against cash is measured in"),
    real("scale_exposure", "the same against its own exposure"),
    real("scale_incumbent", "the same against the incumbent"),
    real("spread_cash", "mean square of its sizes"),
    real("spread_exposure", "mean square of its distance from its trailing mean size"),
    real("spread_incumbent", "mean square of its distance from the incumbent's sizes"),
    real("log_e_cash", "log e-value against: the book does not beat cash; NULL: ruined"),
    real("log_e_exposure", "against: it does not beat its own trailing exposure"),
    real("log_e_incumbent", "against: it does not beat the incumbent"),
    real("log_harm", "log of the harm detector's statistic"),
    real("threshold", "log of one over the line's level"),
)

sidecar_guards = fact_table(
    "sidecar_guards",
    "Halts of signals and their ends, as the side-car came to know of them.",
    instant("wall_time_ns", "when", required=True),
    text("event", "halt or resume", required=True),
    text("cause", "order, guard of the run, or settings", required=True),
    text("actor", "who", required=True),
    text("reason", "in their words"),
)

sidecar_obeyed = fact_table(
    "sidecar_obeyed",
    "Orders as the side-car carried them out or refused them.",
    instant("wall_time_ns", "when", required=True),
    text("id", "of the order", required=True),
    text("kind", "what to do", required=True),
    text("subject", "line or package"),
    text("actor", "who", required=True),
    text("reason", "in their words", required=True),
    text("outcome", "done, refused: why, or not mine", required=True),
)
for _table in (sidecar_signals, sidecar_forecasts):
    Index(f"ix_{_table.name}_event_time_ns", _table.c.event_time_ns)
for _table in (sidecar_signals, sidecar_forecasts, sidecar_outcomes):
    Index(f"ix_{_table.name}_id", _table.c.id)
