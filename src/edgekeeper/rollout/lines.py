"""A line: a frozen recipe, its stage, its level, and the evidence its refits share."""

import hashlib
import json
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from edgekeeper.config import Config, LineConfig
from edgekeeper.rollout.evidence import LineEvidence

__all__ = ["RULES_LINE", "Line", "Stage", "recipe_hash", "recipe_of"]

RULES_LINE = "rules"


class Stage(StrEnum):
    """Where a line stands."""

    CANDIDATE = "candidate"
    SHADOW = "shadow"
    AB_TEST = "ab_test"
    PRODUCTION = "production"
    RETIRED = "retired"


def recipe_of(line: LineConfig, config: Config) -> dict[str, Any]:
    """Everything that makes a line what it is; two recipes with one hash are one line."""
    written = line.model_dump(mode="json")
    written.pop("device", None)  # where a fit is calculated changes nothing of what is asked
    for step in ("search", "selection", "augmentation", "online"):
        if written[step] is None:  # a recipe is what it was before there was such a step
            del written[step]
    if written["target"] == "direction":
        del written["target"]
    if line.search is not None and line.search.rule == "random":  # nor what it does not ask for
        for newer in ("folds", "batch", "prune"):
            del written["search"][newer]
    policy = config.policy.model_dump(mode="json")
    if policy["sizing"] == "fixed":  # nor has one of fixed sizes changed since there was a choice
        for name in ("sizing", "kelly_fraction", "probability_error", "position_volatility"):
            del policy[name]
    return {
        "line": written,
        "labels": config.labels.model_dump(mode="json"),
        "costs": config.costs.model_dump(mode="json"),
        "policy": policy,
        "seed": config.seed,
    }


def recipe_hash(recipe: dict[str, Any]) -> str:
    """SHA-256 of a recipe's canonical JSON."""
    text = json.dumps(recipe, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class Line:
    """State of one line. Moves between stages belong to lines, packages are their history.

    Attributes
    ----------
    level : float
        Share of the error budget its test may spend, fixed when the test begins.
    test : int
        Running number of the test over all lines ever registered.
    trades, epochs : int
        Of the present body of evidence.
    share : float
        Of the signals it decides: 0 in shadow, 1 in production.
    step, step_epochs : int
        Which step of its A/B test it is at, and for how many epochs.
    without_evidence : bool
        Whether it trades because a person said so.
    package : str
        Hash of the package that forecasts now.
    """

    name: str
    recipe: dict[str, Any]
    registered_ns: int
    stage: Stage = Stage.CANDIDATE
    level: float = 0.0
    test: int = 0
    package: str = ""
    refits: int = 0
    trades: int = 0
    epochs: int = 0
    share: float = 0.0
    step: int = 0
    step_epochs: int = 0
    without_evidence: bool = False
    verdict: str = "waiting for its first fit"
    reasons: list[str] = field(default_factory=list)
    evidence: LineEvidence | None = None

    @property
    def threshold(self) -> float:
        """Logarithm of the wealth each bet has to reach; infinite where there is no budget."""
        return -math.log(self.level) if self.level > 0.0 else math.inf

    @property
    def forecasts(self) -> bool:
        """Whether the line has a package whose forecasts count."""
        return self.stage in (Stage.SHADOW, Stage.AB_TEST, Stage.PRODUCTION)
