"""Gates: named, ordered questions a fit must pass before it may even be looked at in shadow.

They can refuse, veto or hold; none of them promotes. A hold-out is a veto, not evidence: it is one
short stretch, read again at every refit.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgekeeper.config import Config
from edgekeeper.models import Model
from edgekeeper.validate.hold_out import (
    HoldOutData,
    HoldOutResult,
    judge_on_hold_out,
    loss_by_instant,
    mean_and_error,
)

__all__ = ["Gate", "Verdict", "judge"]

Outcome = Literal["accepted", "vetoed", "needs_approval"]


@dataclass(frozen=True, slots=True)
class Gate:
    """One question and its answer."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Answer of all gates on one fit, with the evidence.

    ``outcome`` is ``needs_approval`` where a figure is too good to be true.
    """

    outcome: Outcome
    gates: tuple[Gate, ...]
    hold_out: HoldOutResult

    @property
    def reasons(self) -> tuple[str, ...]:
        """What the failed gates say."""
        return tuple(gate.detail for gate in self.gates if not gate.passed)


def judge(judged: Model, predecessor: Model | None, data: HoldOutData, config: Config) -> Verdict:
    """Judge a fit on its hold-out, against ceilings and against its predecessor.

    ``predecessor`` is the judged model of the line's last accepted fit: two fits that have both
    not seen this hold-out, never the shipped ones.
    """
    result = judge_on_hold_out(judged, data, config)
    gates = [_plausible(result, config), _not_worse(judged, predecessor, data, config)]
    if not gates[0].passed:
        outcome: Outcome = "needs_approval"
    else:
        outcome = "accepted" if all(gate.passed for gate in gates) else "vetoed"
    return Verdict(outcome, tuple(gates), result)


def _plausible(result: HoldOutResult, config: Config) -> Gate:
    """A fit that is too good is a leak until a person has looked."""
    ceiling = config.gates
    leak = result.scores.auc > ceiling.max_auc or result.sharpe > ceiling.max_sharpe
    detail = (
        f"hold-out AUC {result.scores.auc:.3f} (ceiling {ceiling.max_auc}), "
        f"net Sharpe {_figure(result.sharpe)} (ceiling {ceiling.max_sharpe})"
    )
    if leak:
        detail = f"implausible, needs approval: {detail}; look for a column that knows the future"
    return Gate("plausible", not leak, detail)


def _not_worse(judged: Model, predecessor: Model | None, data: HoldOutData, config: Config) -> Gate:
    """Veto a refit that forecasts the hold-out clearly worse than its predecessor does."""
    if predecessor is None:
        return Gate("not worse than its predecessor", True, "first fit of its line")
    difference = loss_by_instant(judged, data) - loss_by_instant(predecessor, data)
    # Labels overlap their neighbours by up to a horizon; blocks of two leave little between them.
    known = np.isfinite(difference)
    mean, error = mean_and_error(difference[known], 2 * config.labels.horizon_bars)
    limit = config.gates.veto_errors
    detail = (
        f"log loss against the predecessor on the same hold-out {mean:+.4f}, "
        f"standard error {error:.4f} (veto above {limit:g})"
    )
    ceiling = limit * error if error < math.inf else math.inf
    return Gate("not worse than its predecessor", mean <= ceiling, detail)


def _figure(value: float) -> str:
    """Return a figure, or why there is none."""
    return f"{value:.2f}" if math.isfinite(value) else "unknown (nothing was traded)"
