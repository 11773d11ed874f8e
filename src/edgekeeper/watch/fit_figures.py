"""Figures of a run's fits: importance that moved, and drift that asked for another fit."""

import json
import math
import statistics
from collections.abc import Iterator

from edgekeeper.alerts import Figure
from edgekeeper.ledger import Ledger

__all__ = ["FitFigures"]

_USUAL = 0.05  # least deviation: a line whose fits agree to the third digit is not alarmed by it
_NORMAL = 1.4826  # of the median absolute deviation, to that of a normal distribution


class FitFigures:
    """Follows what the record says of fits and of drift, and tells how it stands.

    ``importance_shift`` is how far the newest accepted fit of a line moved importance between
    features, in robust deviations from what its earlier fits did: some learners choose other
    features each time, and that is no news. ``drift`` counts the kinds of drift that asked for a
    refit; it falls to nothing once a fit was accepted since, and people had been told.

    Parameters
    ----------
    ledger : Ledger
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._shifts: dict[str, list[float]] = {}
        self._fitted_ns: dict[str, int] = {}
        self._drifted: dict[str, tuple[int, set[str]]] = {}
        self._fit = self._request = 0  # newest entries read
        self._looked = False

    def read(self, until_ns: int) -> Iterator[Figure]:
        """Yield the figures as of an instant; later rows are not looked at."""
        self._read_fits(until_ns)
        self._answer()  # what was told at the last look, and answered since
        self._read_requests(until_ns)
        if not self._looked:  # what was answered before this process began was told by another
            self._looked = True
            self._answer()
        for line, shifts in self._shifts.items():
            if len(shifts) > 1:
                yield Figure("importance_shift", f"line {line}", _unusual(shifts), len(shifts) - 1)
        for line, (_, kinds) in self._drifted.items():
            yield Figure("drift", f"line {line}", float(len(kinds)), max(len(kinds), 1))

    def _read_fits(self, until_ns: int) -> None:
        rows = self._ledger.read(
            "packages", ["entry", "fitted_at_ns", "line", "metrics_json"],
            where={"verdict": "accepted"}, until_ns=until_ns, after=self._fit,
        )  # fmt: skip
        for entry, fitted_ns, line, metrics in rows.iter_rows():
            self._fit = int(entry)
            self._fitted_ns[line] = int(fitted_ns)
            shift = json.loads(metrics or "{}").get("importance_shift")
            if shift is not None and math.isfinite(shift):
                self._shifts.setdefault(line, []).append(float(shift))

    def _read_requests(self, until_ns: int) -> None:
        rows = self._ledger.read(
            "refit_requests", ["entry", "event_time_ns", "line", "reason"],
            until_ns=until_ns, after=self._request,
        )  # fmt: skip
        for entry, when_ns, line, reason in rows.iter_rows():
            self._request = int(entry)
            _, kinds = self._drifted.get(line, (0, set()))
            self._drifted[line] = (int(when_ns), kinds | {str(reason)})

    def _answer(self) -> None:
        for line, (asked_ns, _) in self._drifted.items():
            if self._fitted_ns.get(line, -1) >= asked_ns:
                self._drifted[line] = (asked_ns, set())


def _unusual(shifts: list[float]) -> float:
    """Deviations of the newest from those before."""
    *before, newest = shifts
    usual = statistics.median(before)
    spread = _NORMAL * statistics.median(abs(one - usual) for one in before)
    return (newest - usual) / (spread + _USUAL)
