"""Refits of a run: when each line was fitted last, what became of it, and what is asked for."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from edgekeeper.ledger import Ledger

__all__ = ["LineRefits", "Refits", "read_refits"]


@dataclass(frozen=True, slots=True)
class LineRefits:
    """How it stands with one line.

    Attributes
    ----------
    fits, accepted : int
    newest, verdict : str or None
        Hash of the newest fit, and what the gates said of it.
    fitted_ns : int or None
        Market time of the newest fit.
    asked_ns : int or None
        Since when a refit is asked for that has not come yet.
    asked_because : str
    """

    line: str
    fits: int
    accepted: int
    newest: str | None
    verdict: str | None
    fitted_ns: int | None
    asked_ns: int | None
    asked_because: str


@dataclass(frozen=True, slots=True)
class Refits:
    """All lines, and by what schedule they are fitted.

    Attributes
    ----------
    schedule : str
        ``"bars"``: each line when its recipe says; ``"clock"``: at hours of the day.
    daily, weekly, time_zone : str
        The hours, where the schedule is the clock.
    """

    schedule: str
    daily: str
    weekly: str
    time_zone: str
    lines: tuple[LineRefits, ...]


def read_refits(ledger: "Ledger") -> Refits:
    """Read how it stands with the refits of a run."""
    config = _config(ledger)
    settings = config.get("refits", {})
    names = [str(line["name"]) for line in config.get("lines", ())]
    return Refits(
        schedule=str(settings.get("schedule", "bars")),
        daily=str(settings.get("daily", "")),
        weekly=str(settings.get("weekly", "")),
        time_zone=str(settings.get("time_zone", "UTC")),
        lines=tuple(_line(ledger, name) for name in names),
    )


def _config(ledger: "Ledger") -> dict[str, Any]:
    runs = ledger.read("runs", ["config_json"])
    found: dict[str, Any] = json.loads(runs["config_json"][-1] or "{}") if runs.height else {}
    return found


def _line(ledger: "Ledger", name: str) -> LineRefits:
    fits = ledger.read("packages", ["hash", "verdict", "fitted_at_ns"], where={"line": name})
    last = fits.row(-1, named=True) if fits.height else {}
    fitted = last.get("fitted_at_ns")
    asked = ledger.read(
        "obeyed", ["event_time_ns", "reason"],
        where={"kind": "refit", "subject": name, "outcome": "done"},
    )  # fmt: skip
    drifted = ledger.read("refit_requests", ["event_time_ns", "sentence"], where={"line": name})
    waiting = [
        (int(when), str(why))
        for when, why in (*asked.iter_rows(), *drifted.iter_rows())
        if fitted is None or when > fitted
    ]
    since, because = min(waiting, default=(None, ""))
    return LineRefits(
        line=name,
        fits=fits.height,
        accepted=int((fits["verdict"] == "accepted").sum()),
        newest=last.get("hash"),
        verdict=last.get("verdict"),
        fitted_ns=fitted,
        asked_ns=since,
        asked_because=because,
    )
