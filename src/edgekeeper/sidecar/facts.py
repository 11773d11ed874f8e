"""What a message says, as the record has it, and back: by which a repetition is known."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from edgekeeper.sidecar.exchange import Conflict
from edgekeeper.sidecar.messages import Answer, ForecastOut, OutcomeIn, SignalIn

__all__ = [
    "DAY_NS",
    "FORECAST",
    "answer_of",
    "check_same",
    "nanoseconds",
    "outcome_columns",
    "signal_columns",
]

DAY_NS = 86_400 * 10**9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
FORECAST = tuple(ForecastOut.model_fields)
_SIGNAL = ("event_time_ns", "symbol", "side", "source", "confidence", "price", "features_json")
_OUTCOME = (
    "event_time_ns", "net_return", "exit_reason", "entry_price", "exit_price", "quantity", "fees",
)  # fmt: skip
_WORDS = {"event_time_ns": "time", "features_json": "features", "net_return": "return"}
_NOT_TRADED = "not_traded"


def nanoseconds(when: datetime) -> int:
    """Nanoseconds since 1970 of an instant with a zone; exact to its microseconds."""
    return (when - _EPOCH) // _MICROSECOND * 1_000


def signal_columns(signal: SignalIn) -> dict[str, object]:
    """Return what a signal says, as columns of its row."""
    return {
        "event_time_ns": nanoseconds(signal.time),
        "symbol": signal.symbol,
        "side": signal.side,
        "source": signal.source,
        "confidence": signal.confidence,
        "price": signal.price,
        "features_json": json.dumps(signal.features, sort_keys=True, separators=(",", ":")),
    }


def outcome_columns(outcome: OutcomeIn) -> dict[str, object]:
    """Return what an outcome says, as columns of its row.

    A signal that was never traded has no return; whoever says so with 0 does not mean 0.
    """
    return {
        "event_time_ns": nanoseconds(outcome.closed_at),
        "net_return": None if outcome.exit_reason == _NOT_TRADED else outcome.net_return,
        "exit_reason": outcome.exit_reason,
        "entry_price": outcome.entry_price,
        "exit_price": outcome.exit_price,
        "quantity": outcome.quantity,
        "fees": outcome.fees,
    }


def check_same(
    what: str, id: str, first: Mapping[str, object], second: Mapping[str, object]
) -> None:
    """Refuse other facts under an id that stands.

    Raises
    ------
    Conflict
        Naming what differs.
    """
    names = _OUTCOME if what == "outcome" else _SIGNAL
    differing = [_WORDS.get(n, n) for n in names if first.get(n) != second.get(n)]
    if differing:
        raise Conflict(
            f"{what} {id!r} is on record with another {' and '.join(differing)}: what was answered "
            "stands; use a new id for something else"
        )


def answer_of(row: Mapping[str, Any]) -> Answer:
    """Return the answer that a row of ``sidecar_signals`` holds."""
    return Answer(
        id=row["id"],
        decision=row["decision"],
        size=row["size"],
        stop=row["stop"],
        target=row["target"],
        forecast=ForecastOut(**{name: row[name] for name in FORECAST}),
        reasons=tuple(json.loads(row["reasons_json"])),
        model=row["model"],
        mode=row["mode"],
        halted=bool(row["halted"]),
    )
