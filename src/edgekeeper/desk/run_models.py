"""The packages of a run: what the ledger says of each, and where it stands."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekeeper.desk.folder import MODELS, open_ledger
from edgekeeper.errors import UsageError, nearest

if TYPE_CHECKING:
    from edgekeeper.registry import Fit, Registry

__all__ = ["RunModels", "best_first", "read_models"]

_LOWER_IS_BETTER = ("log_loss", "brier", "drawdown")


@dataclass(frozen=True, slots=True)
class RunModels:
    """Fits of a run in the order they were made.

    Attributes
    ----------
    fits : tuple of Fit
    fitted_at_ns : mapping of hash to market time
    standings : mapping of hash to standing
    registry : Registry
    """

    fits: "tuple[Fit, ...]"
    fitted_at_ns: dict[str, int]
    standings: dict[str, str]
    registry: "Registry"


def read_models(run: Path, url: str = "") -> RunModels:
    """Read the packages of a run from its ledger and its registry."""
    from edgekeeper.registry import Fit, Registry, standings

    with open_ledger(run, url) as ledger:
        rows = list(ledger.read("packages").iter_rows(named=True))
        moves = ledger.read("stages", ["line", "to_stage"])
    registry = Registry(run / MODELS)
    fits = tuple(
        Fit(
            row["hash"],
            row["line"],
            row["refit_index"],
            row["verdict"],
            {k: v for k, v in _record(row["metrics_json"]).items() if v is not None},
            {gate: _sentence(found) for gate, found in _record(row["reasons_json"]).items()},
        )
        for row in rows
    )
    stages = dict(moves.iter_rows())
    return RunModels(
        fits,
        {row["hash"]: row["fitted_at_ns"] for row in rows},
        standings(fits, registry.pointer(), stages),
        registry,
    )


def best_first(models: list[dict[str, Any]], metric: str) -> list[dict[str, Any]]:
    """Return models by a figure of the hold-out, the best first, those without it left out.

    Raises
    ------
    UsageError
        No model has that figure.
    """
    known = sorted({name for model in models for name in model["metrics"]})
    name = metric if metric in known else f"hold_out_{metric}"
    if name not in known:
        raise UsageError(
            f"--best: no model has a figure {metric!r}{nearest(metric, known)} "
            f"(known: {', '.join(known) or 'none'})"
        )
    falls = any(word in name for word in _LOWER_IS_BETTER)
    having = [model for model in models if model["metrics"].get(name) is not None]
    return sorted(having, key=lambda model: float(model["metrics"][name]), reverse=not falls)


def _record(text: str | None) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(text or "{}")
    return record


def _sentence(gate: "str | dict[str, Any]") -> str:
    """What a gate found; records of earlier versions hold the sentence alone."""
    if isinstance(gate, str):
        return gate
    return str(gate["detail"]) if gate["passed"] else f"failed: {gate['detail']}"
