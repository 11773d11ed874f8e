"""What a live run adds: where its stretches ended, what it was given, what people ordered."""

from edgekeeper.ledger.schema.columns import fact_table, instant, json_text, real, text, whole

__all__ = ["bequests", "commands", "obeyed", "refit_requests", "stretches"]

stretches = fact_table(
    "stretches",
    "Steps of a live run, in order: bars that came, and boundaries between epochs.",
    instant("event_time_ns", "last instant of the step", required=True),
    whole("number", "position, from 0", required=True),
    text("kind", "history (seen, not traded), bars, or boundary", required=True),
    instant("known_time_ns", "when its bars were taken; entries on bars too old are not made"),
    real("latency_ms", "time the forecasts of the newest bar took"),
)

bequests = fact_table(
    "bequests",
    "Packages that a run was started with: fits of another run, whose evidence is not added.",
    instant("event_time_ns", "last instant of the history", required=True),
    text("line", "that goes on with it", required=True),
    text("package", "content hash", required=True),
    text("run_id", "the run it comes from", required=True),
)

commands = fact_table(
    "commands",
    "What people ordered: kill, resume, promote, rollback, pin, approve and the like.",
    instant("wall_time_ns", "when", required=True),
    text("id", "names the order", required=True),
    text("kind", "what to do", required=True),
    text("subject", "line, package or setting, where the order has one"),
    text("actor", "who", required=True),
    text("reason", "in their words", required=True),
    json_text("detail_json", "options of the order"),
)

obeyed = fact_table(
    "obeyed",
    "Orders of people as carried out, or refused, by the loop.",
    instant("event_time_ns", "last instant before", required=True),
    whole("after", "steps of the run before it", required=True),
    text("id", "of the order", required=True),
    text("kind", "what to do", required=True),
    text("subject", "line, package or setting"),
    text("actor", "who", required=True),
    text("reason", "in their words", required=True),
    text("outcome", "done, or refused: why", required=True),
    json_text("detail_json", "options of the order"),
)

refit_requests = fact_table(
    "refit_requests",
    "Refits asked for because what comes is no longer what a package was fitted on.",
    instant("event_time_ns", "epoch boundary", required=True),
    text("line", "whose package", required=True),
    text("package", "content hash", required=True),
    text("reason", "inputs, forecasts, calibration, loss or performance", required=True),
    instant("since_ns", "since when, as estimated"),
    text("sentence", "what changed, in words", required=True),
    whole("lead_bars", "bars by which drift of inputs or forecasts announced a loss"),
)
