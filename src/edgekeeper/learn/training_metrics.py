"""What each fit was worth: its figures on the hold-out, and what it gained on the fit before."""

import json
from typing import Any

from edgekeeper.ledger import Ledger

__all__ = ["training_metrics"]

_PREDECESSOR = "not worse than its predecessor"
_NEWEST = 200
_COLUMNS = ["fitted_at_ns", "hash", "line", "refit_index", "verdict", "reasons_json",
            "metrics_json"]  # fmt: skip


def training_metrics(ledger: Ledger) -> dict[str, Any]:
    """Return the fits on record of each line, oldest first, the newest 200 of them.

    ``lift`` compares two fits on the same hold-out, which neither has seen: by how much log loss
    fell, as a figure and as a share of the predecessor's loss. None for the first fit of a line.
    """
    lines: dict[str, list[dict[str, Any]]] = {}
    for row in ledger.read("packages", _COLUMNS).iter_rows(named=True):
        metrics = json.loads(row["metrics_json"])
        lines.setdefault(row["line"], []).append(
            {
                "refit": row["refit_index"],
                "fitted_at_ns": row["fitted_at_ns"],
                "package": row["hash"],
                "verdict": row["verdict"],
                "metrics": metrics,
                "lift": _lift(metrics, json.loads(row["reasons_json"]).get(_PREDECESSOR, {})),
            }
        )
    return {"lines": {line: fits[-_NEWEST:] for line, fits in lines.items()}}


def _lift(metrics: dict[str, Any], compared: dict[str, Any]) -> dict[str, float] | None:
    difference, loss = compared.get("figure"), metrics.get("hold_out_log_loss")
    if difference is None or loss is None:
        return None
    return {"log_loss": -difference, "share": -difference / (loss - difference)}
