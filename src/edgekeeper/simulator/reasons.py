"""Codes of decisions, their reasons and guard events, with the words they are recorded in."""

__all__ = ["GUARD_CAUSES", "GUARD_EVENTS", "REASONS"]

FROM_RULES, FROM_MODEL = 0, 1
SKIP, REDUCE, TAKE = 0, 1, 2

# Why a decision came out as it did, in the order in which the questions are asked.
(
    ACCEPTED,
    STALE,
    WARMING_UP,
    NO_SIGNAL,
    NO_CHAMPION,
    MODEL_PAUSED,
    NO_FORECAST,
    UNFAMILIAR,
    BELOW_COST,
    NO_SHORTING,
    BELOW_BAND,
    POSITION_OPEN,
    TOO_MANY_POSITIONS,
    NO_ROOM,
    ACCOUNT_HALTED,
    WAITING,  # proposed, not yet admitted: never left in a log
) = range(16)

REASONS = (
    "accepted",
    "data too old",
    "warming up: not enough bars yet",
    "no rule signal",
    "no champion, and the fallback is cash",
    "model paused, and the fallback has no signal",
    "no forecast: the model's numbers are missing or impossible",
    "out of distribution: the model has not seen such a market",
    "expected return does not cover its costs",
    "shorting is switched off",
    "probability below the band",
    "a position of this side is already open",
    "limit reached: number of positions",
    "limit reached: no cash or exposure left",
    "account halted",
)

PAUSE, REARM, HALT, RESUME = range(4)
GUARD_EVENTS = ("pause", "rearm", "halt", "resume")
(
    CAUSE_STREAK,
    CAUSE_MODEL_DRAWDOWN,
    CAUSE_LATENCY,
    CAUSE_MODEL_MISSING,
    CAUSE_ACCOUNT_DRAWDOWN,
    CAUSE_DAILY_LOSS,
    CAUSE_OPERATOR,
    CAUSE_BROKEN_NUMBERS,
) = range(8)
GUARD_CAUSES = (
    "losses in a row",
    "the model's own drawdown",
    "prediction latency",
    "forecast missing or not a number",
    "account drawdown",
    "daily loss",
    "operator",
    "equity is not a number",
)
