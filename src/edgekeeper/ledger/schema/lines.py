"""Runs, lines, their trials, packages, stages and evidence."""

from edgekeeper.ledger.schema.columns import fact_table, instant, json_text, real, text, whole

__all__ = ["evidence", "lines", "packages", "runs", "stages", "trials"]

runs = fact_table(
    "runs",
    "What was started, on what data, with what configuration.",
    instant("started_market_ns", "first bar, market time", required=True),
    text("run_id", "derived from configuration, data, seed and code", required=True),
    text("config_hash", "of the frozen configuration", required=True),
    json_text("config_json", "the configuration"),
    text("data_hash", "of the bars", required=True),
    whole("seed", "of every random choice"),
    text("code_version", "of Edgekeeper"),
)

lines = fact_table(
    "lines",
    "Recipes at the moment they were registered.",
    instant("registered_at_ns", "market time from which evidence counts", required=True),
    text("line", "short id", required=True),
    text("name", "for people"),
    text("recipe_hash", "its identity", required=True),
    json_text("recipe_json", "features, labels, learner, search rule, refits, policy rule"),
    whole("test_index", "position in the sequence of tests, from 0"),
    real("level", "error level this line is tested at"),
)

trials = fact_table(
    "trials",
    "Distinct configurations looked at; nothing is deleted.",
    instant("event_time_ns", "market time of the search", required=True),
    text("study", "name of the search", required=True),
    text("line", "line it was done for"),
    text("data_hash", "of the bars", required=True),
    text("labels_hash", "of the labels", required=True),
    text("configuration_hash", "of the configuration", required=True),
    json_text("configuration_json", "the configuration"),
    text("metric", "which figure"),
    real("value", "the figure"),
    json_text("metrics_json", "further figures"),
)

packages = fact_table(
    "packages",
    "Fits of a line: packaged, and judged by the gates.",
    instant("fitted_at_ns", "market time of the fit", required=True),
    text("hash", "content hash", required=True),
    text("line", "the recipe", required=True),
    whole("refit_index", "from 0 within the line"),
    instant("window_start_ns", "first bar seen"),
    instant("window_end_ns", "last bar seen"),
    text("verdict", "accepted, vetoed or needs_approval", required=True),
    json_text("reasons_json", "of each gate"),
    json_text("metrics_json", "figures on the hold-out"),
)

stages = fact_table(
    "stages",
    "Moves of a line, each with its evidence. Swaps and retreats among them.",
    instant("event_time_ns", "epoch boundary", required=True),
    text("line", "who moves", required=True),
    text("from_stage", "NULL at registration"),
    text("to_stage", "candidate, shadow, canary, production, retired, refused, ...", required=True),
    text("reason", "as a sentence", required=True),
    text("actor", "rule, or a person", required=True),
    json_text("evidence_json", "the figures the rule looked at"),
)

evidence = fact_table(
    "evidence",
    "Sequential evidence of a line, one row a bar.",
    instant("event_time_ns", "the bar", required=True),
    text("line", "whose", required=True),
    real("log_e_cash", "log e-value against: the book does not beat cash"),
    real("log_e_exposure", "against: it does not beat its own trailing exposure"),
    real("log_e_incumbent", "against: it does not beat the incumbent line"),
    real("log_harm", "log of the harm detector's statistic"),
    real("threshold", "log of one over the line's level"),
    real("book_return", "of the virtual book over the bar, net"),
    real("exposure_return", "of its trailing average exposure"),
    real("incumbent_return", "of the incumbent's virtual book"),
    real("scale", "predicted volatility the observation is measured in"),
)
