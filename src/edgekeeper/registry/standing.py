"""Where each package of a registry stands: training, shadow, ab_test, production or retired.

Lines have stages; packages are a line's history. The pointer says which trade; of the others, the
newest fit of a line that is still in the running is in shadow, or, if the gates have not let it
in, still in training. All older ones are retired.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgekeeper.registry.pointer import Pointer

__all__ = ["STANDINGS", "Fit", "standings"]

STANDINGS = ("training", "shadow", "ab_test", "production", "retired")
_OUT = frozenset(("refused", "retired"))


@dataclass(frozen=True, slots=True)
class Fit:
    """One row of the ledger's table of packages.

    Attributes
    ----------
    hash, line : str
    number : int
        From 0 within the line.
    verdict : str
        "accepted", "vetoed" or "needs_approval".
    metrics : mapping of name to number
    reasons : mapping of gate to sentence
    """

    hash: str
    line: str
    number: int
    verdict: str
    metrics: Mapping[str, float]
    reasons: Mapping[str, str]


def standings(fits: Sequence[Fit], pointer: Pointer, stages: Mapping[str, str]) -> dict[str, str]:
    """Return where each package stands, by hash.

    Parameters
    ----------
    fits : sequence of Fit
    pointer : Pointer
    stages : mapping of line to stage
        The newest of each line.

    Examples
    --------
    >>> fit = Fit("a" * 64, "trees", 0, "accepted", {}, {})
    >>> standings([fit], Pointer(), {"trees": "shadow"})["a" * 64]
    'shadow'
    """
    newest: dict[str, int] = {}
    accepted: dict[str, int] = {}
    for fit in fits:
        newest[fit.line] = max(newest.get(fit.line, -1), fit.number)
        if fit.verdict == "accepted":
            accepted[fit.line] = max(accepted.get(fit.line, -1), fit.number)

    def standing(fit: Fit) -> str:
        if fit.hash == pointer.champion:
            return "production"
        if fit.hash in pointer.arms:
            return "ab_test"
        if stages.get(fit.line) in _OUT:
            return "retired"
        if fit.number == accepted.get(fit.line):
            return "shadow"
        waits = fit.verdict != "accepted" and fit.number == newest[fit.line]
        return "training" if waits else "retired"

    return {fit.hash: standing(fit) for fit in fits}
