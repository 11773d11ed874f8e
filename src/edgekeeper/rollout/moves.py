"""The rules by which a line moves. Pure functions of the record: no clock, no I/O, no choice.

A promotion needs all three nulls rejected at the line's level; a retreat needs only the harm
detector; a loss beyond the worst bar closes a line wherever it stands. Drift, age and good forecast
scores move nothing. The error budget is spent at the promotion, the first move that risks capital;
the steps of the A/B test after it only widen what is risked, and look whether trades cost what the
virtual book says they cost.
"""

import math
from dataclasses import dataclass
from typing import Any

from edgekeeper.config import EvidenceConfig, RolloutConfig
from edgekeeper.rollout.evidence import LineEvidence
from edgekeeper.rollout.lines import Line, Stage

__all__ = ["ALLOWED", "Move", "next_move"]

ALLOWED: dict[Stage, tuple[Stage, ...]] = {
    Stage.CANDIDATE: (Stage.SHADOW, Stage.RETIRED),
    Stage.SHADOW: (Stage.AB_TEST, Stage.PRODUCTION, Stage.RETIRED),
    Stage.AB_TEST: (Stage.AB_TEST, Stage.PRODUCTION, Stage.SHADOW, Stage.RETIRED),
    Stage.PRODUCTION: (Stage.SHADOW, Stage.RETIRED),
    Stage.RETIRED: (),
}


@dataclass(frozen=True, slots=True)
class Move:
    """One step of a line from stage to stage, with the evidence for it.

    Attributes
    ----------
    share : float
        Of the signals that the line decides from here on.
    """

    line: str
    source: Stage
    target: Stage
    verdict: str
    reason: str
    evidence: dict[str, Any]
    share: float = 0.0


def _evidence(line: Line) -> dict[str, Any]:
    evidence = line.evidence
    assert evidence is not None
    figures: dict[str, Any] = {
        "bars": evidence.bars,
        "trades": line.trades,
        "level": line.level,
        "test": line.test,
        "threshold": line.threshold,
        "mean_gain": evidence.shrunk_mean,
    }
    for name, bet in evidence.bets.items():
        figures[f"log_{name}"] = None if bet.ruined else bet.log_wealth
    if evidence.harm is not None:
        figures["harm"] = evidence.harm.value
        figures["harm_threshold"] = evidence.harm.threshold
    return figures


def _move(line: Line, target: Stage, verdict: str, reason: str, share: float = 0.0) -> Move:
    return Move(line.name, line.stage, target, verdict, reason, _evidence(line), share)


def next_move(line: Line, config: EvidenceConfig, rollout: RolloutConfig) -> Move | None:
    """What the record demands of this line at an epoch's boundary, if anything."""
    if line.evidence is None or not line.forecasts:
        return None
    if line.evidence.ruined:
        return _move(
            line,
            Stage.RETIRED,
            "refused",
            f"lost more than {config.worst_bar:.0f} times its predicted volatility in one bar",
        )
    if line.stage is Stage.SHADOW:
        return _from_shadow(line, line.evidence, config, rollout)
    return _retreat(line, line.evidence, config) or _wider(line, line.evidence, config, rollout)


def _from_shadow(
    line: Line, evidence: LineEvidence, config: EvidenceConfig, rollout: RolloutConfig
) -> Move | None:
    proved = _proved(line, evidence, config)
    if proved and line.epochs >= rollout.shadow_epochs:
        share = rollout.steps[0] if rollout.steps else 1.0
        return _move(
            line,
            Stage.AB_TEST if rollout.steps else Stage.PRODUCTION,
            "promoted",
            f"beat cash, its own average exposure and the incumbent at {line.level:.2%} "
            f"after {evidence.bars} bars and {line.trades} trades",
            share,
        )
    if line.epochs >= config.horizon_epochs:
        return _move(line, Stage.RETIRED, "refused", _lacking(line, evidence, config))
    return None


def _proved(line: Line, evidence: LineEvidence, config: EvidenceConfig) -> bool:
    return evidence.log_least >= line.threshold and line.trades >= config.min_trades


def _wider(
    line: Line, evidence: LineEvidence, config: EvidenceConfig, rollout: RolloutConfig
) -> Move | None:
    """The next step of an A/B test, once it stood at this one for long enough."""
    if line.without_evidence and line.epochs >= config.horizon_epochs:
        return _move(line, Stage.RETIRED, "refused", _lacking(line, evidence, config))
    if line.stage is not Stage.AB_TEST or line.step_epochs < rollout.step_epochs:
        return None
    if line.without_evidence:
        if not _proved(line, evidence, config):
            return None  # a person's word carries it no further than the first step
        return _move(line, Stage.AB_TEST, "proved", "the evidence is in now", line.share)
    if line.step + 1 < len(rollout.steps):
        share = rollout.steps[line.step + 1]
        reason = f"{line.step_epochs} epochs at {line.share:.0%} without harm"
        return _move(line, Stage.AB_TEST, "widened", f"to {share:.0%}: {reason}", share)
    reason = f"{line.step_epochs} epochs at {line.share:.0%} without harm"
    return _move(line, Stage.PRODUCTION, "in production", reason, 1.0)


def _retreat(line: Line, evidence: LineEvidence, config: EvidenceConfig) -> Move | None:
    harm = evidence.harm
    if harm is None or harm.value < harm.threshold:
        return None
    return _move(
        line,
        Stage.SHADOW,
        "retreated",
        f"earns less than {config.harm_fraction:.0%} of what it earned before its "
        f"promotion (harm {harm.value:,.0f} against {harm.threshold:,.0f}); "
        "it starts again in shadow",
    )


def _lacking(line: Line, evidence: LineEvidence, config: EvidenceConfig) -> str:
    """Why the horizon ended without a promotion."""
    if evidence.log_least >= line.threshold:
        return (
            f"too few trades within its {config.horizon_epochs} epochs: {line.trades}, needed "
            f"{config.min_trades}"
        )
    against = {
        "cash": "it did not earn more than cash",
        "exposure": "it did not earn more than its own average exposure, held passively",
        "incumbent": "it did not earn more than the line that trades now",
    }[evidence.weakest]
    return (
        f"no evidence within its {config.horizon_epochs} epochs: {against} "
        f"(evidence {math.exp(evidence.log_least):.2f}, needed {math.exp(line.threshold):.0f})"
    )
