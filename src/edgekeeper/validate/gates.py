"""Gates: named, ordered questions a fit must pass before it may even be looked at in shadow.

They can refuse, veto or hold; none of them promotes. A hold-out is a veto, not evidence: it is one
short stretch, read again at every refit. Floors that the configuration's profile asks for come on
top; evidence is asked for under every profile, later, by ``rollout``.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from edgekeeper.config import Config
from edgekeeper.models import Model
from edgekeeper.stats.resampling import Interval, TimeBlocks
from edgekeeper.stats.score_resampling import score_intervals
from edgekeeper.validate.book_figures import book_figures
from edgekeeper.validate.books import Who, run_book
from edgekeeper.validate.case import Case
from edgekeeper.validate.certificate import SCORE_FLOORS, relative_gates, score_gates
from edgekeeper.validate.gate import Gate
from edgekeeper.validate.hold_out import (
    HoldOutData,
    HoldOutResult,
    hold_out_case,
    judge_on_hold_out,
    loss_by_instant,
    mean_and_error,
)
from edgekeeper.validate.profiles import floors_of

__all__ = ["Gate", "Verdict", "judge"]

Outcome = Literal["accepted", "vetoed", "needs_approval"]


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


def judge(
    judged: Model,
    predecessor: Model | None,
    data: HoldOutData,
    config: Config,
    *,
    trials: float = math.nan,
) -> Verdict:
    """Judge a fit on its hold-out: ceilings, its predecessor, and the floors of the profile.

    Parameters
    ----------
    predecessor : Model, optional
        The judged model of the line's last accepted fit: two fits that have both not seen this
        hold-out, never the shipped ones.
    trials : float
        How many variants are known to have been tried; written beside each answer.
    """
    result = judge_on_hold_out(judged, data, config)
    gates = [_plausible(result, config), _not_worse(judged, predecessor, data, config)]
    gates += _floors(judged, predecessor, data, config)
    if not gates[0].passed:
        outcome: Outcome = "needs_approval"
    else:
        outcome = "accepted" if all(gate.passed for gate in gates) else "vetoed"
    stamped = tuple(replace(gate, window=data.window, trials=trials) for gate in gates)
    return Verdict(outcome, stamped, result)


def _floors(
    judged: Model, predecessor: Model | None, data: HoldOutData, config: Config
) -> list[Gate]:
    """Floors of scores and gains; nothing is computed where the profile has none."""
    floors = floors_of(config.gates)
    floors.pop("min_deflated_sharpe", None)
    if not floors:
        return []
    case = hold_out_case(judged, data, "the fit")
    blocks = TimeBlocks(case.periods, 2 * config.labels.horizon_bars)
    rows, side = np.nonzero(case.scored)
    figures = score_intervals(
        case.success[rows, side], case.probability[rows, side], case.instant[rows], blocks
    )
    found = score_gates(figures, floors, data.window, math.nan)
    if set(floors) <= set(SCORE_FLOORS):
        return found
    champion = None
    if predecessor is not None:
        before = hold_out_case(predecessor, data, "its predecessor")
        champion = _book(before, config, blocks, "forecasts")["sharpe"]
    return found + relative_gates(
        _book(case, config, blocks, "forecasts"),
        _book(case, config, blocks, "rules"),
        champion,
        floors,
        data.window,
        math.nan,
    )


def _book(case: Case, config: Config, blocks: TimeBlocks, who: Who) -> dict[str, Interval]:
    run = run_book(case, config, who)
    period = np.searchsorted(case.bars.instants, run.decided_ns) - case.first
    unit = float(np.std(run.gain, ddof=1)) if len(run.gain) > 1 else 0.0
    return book_figures(
        run.gain, (run.net_return, run.profit, period), unit, case.bars.periods_per_year, blocks
    )


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
    auc = result.scores.auc
    return Gate(
        "plausible", not leak, detail, figure=auc, threshold=ceiling.max_auc, sense="at most"
    )


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
    return Gate(
        "not worse than its predecessor",
        bool(mean <= ceiling),
        detail,
        figure=mean,
        threshold=ceiling,
        sense="at most",
    )


def _figure(value: float) -> str:
    """Return a figure, or why there is none."""
    return f"{value:.2f}" if math.isfinite(value) else "unknown (nothing was traded)"
