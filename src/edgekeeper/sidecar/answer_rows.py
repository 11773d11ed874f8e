"""A decision as rows of the record, and as the answer that is sent."""

import json
from collections.abc import Mapping
from typing import Any

from edgekeeper.sidecar.facts import FORECAST
from edgekeeper.sidecar.funnel import Decided, Opinion
from edgekeeper.sidecar.market import Seen
from edgekeeper.sidecar.messages import Answer, ForecastOut, SignalIn

__all__ = ["answer_now", "decision_facts"]


def decision_facts(
    signal: SignalIn,
    told: Mapping[str, object],
    now_ns: int,
    mode: str,
    seen: Seen,
    decided: Decided,
    opinions: tuple[Opinion, ...],
) -> dict[str, dict[str, Any]]:
    """Return the rows of a signal, its answer and what each line says of it, by table."""
    stop, target = seen.brackets(signal.side) if decided.size > 0.0 else (None, None)
    opinion = decided.opinion
    row = {
        **told,
        "wall_time_ns": now_ns,
        "id": signal.id,
        "bar_features_json": json.dumps(seen.features) if seen.features else None,
        "mode": mode,
        "decision": decided.decision,
        "size": decided.size,
        "stop": stop,
        "target": target,
        **(opinion.forecast if opinion else ForecastOut()).model_dump(),
        "line": opinion.line if opinion else None,
        "model": opinion.package if opinion else None,
        "reasons_json": json.dumps(decided.reasons, ensure_ascii=False),
        "halted": int(decided.halted),
        "explored": int(decided.explored),
        "counted": int(decided.counted),
        "chance": decided.chance,
    }
    facts = {"sidecar_signals": {name: one for name, one in row.items() if one is not None}}
    if opinions:
        facts["sidecar_forecasts"] = {
            "event_time_ns": told["event_time_ns"],
            "id": signal.id,
            "line": [one.line for one in opinions],
            "package": [one.package for one in opinions],
            **{name: [getattr(one.forecast, name) for one in opinions] for name in FORECAST},
            "size": [one.size for one in opinions],
            "reason": [one.reasons[-1] for one in opinions],
        }
    return facts


def answer_now(decided: Decided, row: Mapping[str, Any]) -> Answer:
    """Return the answer to a signal from its row, as it will be read from it later."""
    opinion = decided.opinion
    return Answer(
        id=row["id"],
        decision=decided.decision,
        size=decided.size,
        stop=row.get("stop"),
        target=row.get("target"),
        forecast=opinion.forecast if opinion else ForecastOut(),
        reasons=decided.reasons,
        model=opinion.package if opinion else None,
        mode=row["mode"],
        halted=decided.halted,
    )
