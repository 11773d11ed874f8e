"""Hold a fit that was given a column which knows the outcome."""

from collections.abc import Mapping
from dataclasses import replace

from edgekeeper.validate import Gate, Verdict

__all__ = ["held_for_columns"]


def held_for_columns(verdict: Verdict, found: Mapping[str, float], ceiling: float) -> Verdict:
    """Return a verdict that needs approval where features were found out, however little used."""
    if not found:
        return verdict
    named = ", ".join(f"{name} {area:.3f}" for name, area in found.items())
    detail = (
        f"implausible, needs approval: alone these features rank outcomes above AUC {ceiling}: "
        f"{named}; they know the future, or were written after it"
    )
    gate = Gate("no feature knows the outcome", False, detail)
    return replace(verdict, outcome="needs_approval", gates=(*verdict.gates, gate))
