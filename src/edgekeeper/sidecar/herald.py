"""``Herald``: tells people what happens to signals, once, on record and through their channels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgekeeper.alerts import CLEARED, Alert, Delivery, Severity, channels_of
from edgekeeper.clock import Clock
from edgekeeper.config import Config
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar.gap import read_gap
from edgekeeper.sidecar.scribe import Scribe

__all__ = ["Herald"]

_GAP, _MISSING = "signals_gap", "signals_untold"
_MOST_MISSING, _LEAST_SIGNALS, _DAYS = 0.20, 50, 30
_LOUD: dict[str, Severity] = {"retreated": "warning"}


class Herald:
    """Writes alerts under role ``signals``, and sends them out.

    Parameters
    ----------
    folder : Path
    config : Config
        Its ``notify``.
    scribe : Scribe
    clock : Clock
    """

    def __init__(self, folder: Path, config: Config, scribe: Scribe, clock: Clock) -> None:
        self._folder, self._config, self._scribe, self._clock = folder, config, scribe, clock
        self._channels: Delivery | None = None
        self._standing: set[str] = set()

    def begin(self, ledger: Ledger) -> None:
        """Take up which alerts stand."""
        for (rule,) in ledger.read("alerts", ["rule"]).iter_rows():
            if rule.endswith(CLEARED):
                self._standing.discard(rule.removesuffix(CLEARED))
            else:
                self._standing.add(rule)

    def close(self) -> None:
        """Send what can be sent."""
        if self._channels is not None:
            self._channels.close()

    def halt(self, why: str) -> None:
        """Tell that signals are halted."""
        self._tell("critical", "signals_halted", f"signals are halted: {why}")

    def move(self, row: Mapping[str, Any]) -> None:
        """Tell of a move of a line; a refit is none."""
        if row["verdict"] in ("refitted", "registered"):
            return
        verdict = str(row["verdict"])
        self._tell(
            _LOUD.get(verdict, "info"), f"line_{verdict.replace(' ', '_')}",
            f"line {row['line']} {verdict}: {row['reason']}", {"line": row["line"]},
        )  # fmt: skip

    def fit(self, row: Mapping[str, Any]) -> None:
        """Tell of a fit that was not taken."""
        said = {"needs_approval": ("critical", "fit_needs_approval"), "vetoed": ("warning",
                "fit_vetoed"), "failed": ("warning", "fit_failed")}  # fmt: skip
        if row["verdict"] in said:
            severity, rule = said[row["verdict"]]
            message = f"a fit of line {row['line']}: {row['reason']}"
            self._tell(severity, rule, message, {"line": row["line"], "package": row["hash"]})

    def measure(self, ledger: Ledger) -> list[tuple[str, bool, str]]:
        """Read whether reality costs more than assumed, and outcomes are told. For a thread."""
        gap = read_gap(ledger, self._config)
        days = ledger.read(
            "sidecar_evidence", ["signals", "missing"], where={"line": "bot"}, order=["entry"],
            descending=True, limit=_DAYS,
        )  # fmt: skip
        signals, missing = int(days["signals"].sum()), int(days["missing"].sum())
        untold = signals >= _LEAST_SIGNALS and missing > _MOST_MISSING * signals
        said = (
            f"of {signals} signals that count, {missing} never got an outcome; each counts against "
            "the models: have the bot tell how every trade ended"
        )
        return [(_GAP, gap.worse, gap.sentence), (_MISSING, untold, said)]

    def judge(self, found: list[tuple[str, bool, str]]) -> None:
        """Tell of each figure once, and once that it is over."""
        for rule, bad, message in found:
            if bad and rule not in self._standing:
                self._standing.add(rule)
                self._tell("warning", rule, message)
            elif not bad and rule in self._standing:
                self._standing.discard(rule)
                self._tell("info", rule + CLEARED, f"over: {message}")

    def _tell(
        self, severity: Any, rule: str, message: str, detail: Mapping[str, object] | None = None
    ) -> None:
        alert = Alert(self._clock.now_ns(), severity, rule, message, detail or {})
        if self._channels is None:
            self._channels = channels_of(self._folder, self._config.notify, clock=self._clock)
        self._channels.send(alert)
        self._scribe.write(
            {
                "alerts": {
                    "event_time_ns": alert.event_time,
                    "severity": alert.severity,
                    "rule": alert.rule,
                    "message": alert.message,
                    "detail_json": [dict(alert.detail)],
                }
            }
        )
