"""Where a run stands, read from its ledger."""

import json
import math
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from edgekeeper.stats.wealth import wealth_of

if TYPE_CHECKING:
    import polars as pl

    from edgekeeper.ledger import Ledger
    from edgekeeper.report.expected_evidence import EvidenceWatch, ExpectedEvidence

__all__ = ["LineStatus", "RunStatus", "StatusReader", "read_status"]

_ACCOUNT = "edgekeeper"
_BETS = ("log_e_cash", "log_e_exposure", "log_e_incumbent")
_WAITING = "candidate"


@dataclass(frozen=True, slots=True)
class LineStatus:
    """One line. ``evidence`` is the least of its three bets, as wealth; NaN before its first bar.

    Attributes
    ----------
    since_ns : int or None
        When it came to its stage.
    needed : float
        Wealth at which all three nulls have fallen.
    expected : ExpectedEvidence or None
        When that may be, for a line in shadow.
    """

    name: str
    learner: str
    stage: str
    since_ns: int | None
    fits: int
    newest: str | None
    evidence: float
    needed: float
    reason: str
    expected: "ExpectedEvidence | None"


@dataclass(frozen=True, slots=True)
class RunStatus:
    """State of a run at its last bar.

    Attributes
    ----------
    champion : str or None
        Line that trades; None: the fallback does.
    standing : str
        ACTIVE, REDUCING (halted with positions left) or HALTED.
    paused_ns, halted_ns : int or None
        Since when, if now; with the cause.
    not_kept : tuple of str
        Which rows are hashed but not kept now, for want of disk.
    """

    last_bar_ns: int | None
    bars: int
    symbols: tuple[str, ...]
    currency: str
    start_equity: float
    equity: float
    gross_exposure: float
    fallback: str
    champion: str | None
    model: str | None
    standing: str
    paused_ns: int | None
    pause_cause: str
    halted_ns: int | None
    halt_cause: str
    lines: tuple[LineStatus, ...]
    ledger: str
    not_kept: tuple[str, ...]


def read_status(ledger: "Ledger") -> RunStatus:
    """Read where a run stands."""
    return StatusReader(ledger).read()


class StatusReader:
    """Says where a run stands again and again, and reads only what is new each time.

    Parameters
    ----------
    ledger : Ledger
    """

    def __init__(self, ledger: "Ledger") -> None:
        self._ledger = ledger
        self._bars = self._epochs_after = self._evidence_after = 0
        self._newest_evidence: dict[str, int] = {}
        self._watches: dict[str, EvidenceWatch] = {}
        self._lock = threading.Lock()

    def read(self) -> RunStatus:
        """Return it. Safe to call from several threads."""
        with self._lock:
            return self._read()

    def _read(self) -> RunStatus:
        ledger = self._ledger
        config = _config(ledger)
        self._read_on()
        lines = tuple(self._line(line) for line in config.get("lines", ()))
        trading = [line for line in lines if line.stage == "production"]
        marks = ledger.read(
            "equity",
            where={"account": _ACCOUNT},
            order=["event_time_ns"],
            descending=True,
            limit=1,
        )
        universes = ledger.read("universes", ["symbols_json"])
        symbols = json.loads(universes["symbols_json"][-1]) if universes.height else []
        paused, pause_cause = _since(ledger, "pause", "rearm")
        halted, halt_cause = _since(ledger, "halt", "resume")
        gross = _number(marks["gross_exposure"][0]) if marks.height else math.nan
        return RunStatus(
            last_bar_ns=marks["event_time_ns"][0] if marks.height else None,
            bars=self._bars,
            symbols=tuple(sorted(symbols)),
            currency=str(config.get("currency", "")),
            start_equity=float(config.get("cash", math.nan)),
            equity=_number(marks["equity"][0]) if marks.height else math.nan,
            gross_exposure=gross,
            fallback=str(config.get("fallback", "")),
            champion=trading[0].name if trading else None,
            model=trading[0].newest if trading else None,
            standing=_standing(halted is not None, gross if marks.height else 0.0),
            paused_ns=paused if trading else None,
            pause_cause=pause_cause,
            halted_ns=halted,
            halt_cause=halt_cause,
            lines=lines,
            ledger=ledger.head("trade"),
            not_kept=tuple(gap.told for gap in ledger.holdings().gaps if gap.until_link is None),
        )

    def _read_on(self) -> None:
        """Count the bars that are new, and find the newest evidence of each line."""
        for row in self._ledger.tally(
            "epochs", [], summed=["bars"], after=self._epochs_after
        ).drop_nulls("last").iter_rows(named=True):  # fmt: skip
            self._bars += row["sum_bars"] or 0
            self._epochs_after = row["last"]
        found = self._ledger.tally("evidence", ["line"], after=self._evidence_after)
        self._newest_evidence.update(found.select("line", "last").iter_rows())
        self._evidence_after = max(self._newest_evidence.values(), default=0)

    def _line(self, recipe: dict[str, Any]) -> LineStatus:
        ledger, name = self._ledger, recipe["name"]
        moves = ledger.read("stages", where={"line": name})
        fits = ledger.read("packages", ["hash", "verdict"], where={"line": name})
        accepted = fits.filter(fits["verdict"] == "accepted")["hash"]
        path = ledger.read("evidence", where={"entry": self._newest_evidence.get(name, 0)})
        known = path.height > 0
        reason = moves["reason"][-1] if moves.height else ""
        return LineStatus(
            name=name,
            learner=recipe["learner"],
            stage=moves["to_stage"][-1] if moves.height else _WAITING,
            since_ns=moves["event_time_ns"][-1] if moves.height else None,
            fits=fits.height,
            newest=accepted[-1] if accepted.len() else None,
            evidence=min(_wealth(path, column) for column in _BETS) if known else math.nan,
            needed=_wealth(path, "threshold") if known else math.nan,
            reason=reason or ("no fit was accepted yet" if fits.height else "not enough bars yet"),
            expected=self._expected(name),
        )

    def _expected(self, name: str) -> "ExpectedEvidence | None":
        from edgekeeper.report.expected_evidence import EvidenceWatch

        if name not in self._watches:
            self._watches[name] = EvidenceWatch(self._ledger, name)
        return self._watches[name].read()


def _standing(halted: bool, gross: float) -> str:
    """What the account may do; exposure that is not known counts as positions that are left."""
    from edgekeeper.types import Standing

    if not halted:
        return Standing.ACTIVE.value
    return (Standing.HALTED if gross == 0.0 else Standing.REDUCING).value


def _config(ledger: "Ledger") -> dict[str, Any]:
    runs = ledger.read("runs", ["config_json"])
    if runs.height == 0:
        return {}
    held = json.loads(runs["config_json"][-1])
    config: dict[str, Any] = held[0] if isinstance(held, list) else held
    return config


def _since(ledger: "Ledger", begins: str, ends: str) -> tuple[int | None, str]:
    """When the newest of the two began and why, if it has not ended since."""
    rows = ledger.read(
        "guards",
        where={"account": _ACCOUNT, "event": [begins, ends]},
        order=["entry"],
        descending=True,
        limit=1,
    )
    if rows.height == 0 or rows["event"][0] == ends:
        return None, ""
    return int(rows["event_time_ns"][0]), str(rows["cause"][0] or "")


def _wealth(path: "pl.DataFrame", column: str) -> float:
    """Wealth of a bet that is ruined (written as unknown) is nothing."""
    value = path[column][0]
    return 0.0 if value is None else wealth_of(value)


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
