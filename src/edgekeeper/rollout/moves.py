"""The rules by which a line moves. Pure functions of the record: no clock, no I/O, no choice.

A promotion needs all three nulls rejected at the line's level; a retreat needs only the harm
detector. Drift, age and good forecast scores move nothing.
"""

import math
from dataclasses import dataclass
from typing import Any

from edgekeeper.config import EvidenceConfig
from edgekeeper.rollout.lines import Line, Stage

__all__ = ["ALLOWED", "Move", "next_move"]

ALLOWED: dict[Stage, tuple[Stage, ...]] = {
    Stage.CANDIDATE: (Stage.SHADOW, Stage.RETIRED),
    Stage.SHADOW: (Stage.PRODUCTION, Stage.RETIRED),
    Stage.PRODUCTION: (Stage.SHADOW, Stage.RETIRED),
    Stage.RETIRED: (),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One step of a line from stage to stage, with the evidence for it."""

    line: str
    source: Stage
    target: Stage
    verdict: str
    reason: str
    evidence: dict[str, Any]


def _evidence(line: Line) -> dict[str, Any]:
    evidence = line.evidence
    assert evidence is not None
    figures: dict[str, Any] = {
        "bars": evidence.bars,
        "trades": line.trades,
        "level": line.level,
        "test": line.test,
        "threshold": math.log(1.0 / line.level),
        "mean_gain": evidence.shrunk_mean,
    }
    for name, bet in evidence.bets.items():
        figures[f"log_{name}"] = None if bet.ruined else bet.log_wealth
    if evidence.harm is not None:
        figures["harm"] = evidence.harm.value
        figures["harm_threshold"] = evidence.harm.threshold
    return figures


def _move(line: Line, target: Stage, verdict: str, reason: str) -> Move:
    return Move(line.name, line.stage, target, verdict, reason, _evidence(line))


def next_move(line: Line, config: EvidenceConfig) -> Move | None:
    """What the record demands of this line at an epoch's boundary, if anything."""
    evidence = line.evidence
    if evidence is None:
        return None
    if line.stage is Stage.PRODUCTION:
        harm = evidence.harm
        if harm is not None and not harm.value < harm.threshold:
            return _move(
                line,
                Stage.SHADOW,
                "retreated",
                f"earns less than {config.harm_fraction:.0%} of what it earned before its "
                f"promotion (harm {harm.value:,.0f} against {harm.threshold:,.0f}); "
                "it starts again in shadow",
            )
        return None
    if line.stage is not Stage.SHADOW:
        return None
    threshold = math.log(1.0 / line.level)
    if evidence.ruined:
        return _move(
            line,
            Stage.RETIRED,
            "refused",
            f"lost more than {config.worst_bar:.0f} times its predicted volatility in one bar",
        )
    if evidence.log_least >= threshold and line.trades >= config.min_trades:
        return _move(
            line,
            Stage.PRODUCTION,
            "promoted",
            f"beat cash, its own average exposure and the incumbent at {line.level:.2%} "
            f"after {evidence.bars} bars and {line.trades} trades",
        )
    if evidence.bars >= config.horizon_bars:
        wealth = math.exp(evidence.log_least)
        against = {
            "cash": "it did not earn more than cash",
            "exposure": "it did not earn more than its own average exposure, held passively",
            "incumbent": "it did not earn more than the line that trades now",
        }[evidence.weakest]
        return _move(
            line,
            Stage.RETIRED,
            "refused",
            f"no evidence within its {config.horizon_bars} bars: {against} "
            f"(evidence {wealth:.2f}, needed {1.0 / line.level:.0f})",
        )
    return None
