"""``Vigil``: guards a live run from a process of its own.

It reads the record and the trading loop's signs of life. It gives its own sign of life only after
a look that succeeded: one that is killed, frozen, starved or blind falls silent, and the loop then
stops by itself. So the two hold each other to account, and either one's death ends the trading.
"""

import json
import math
import os
import select
import time
from collections.abc import Callable
from pathlib import Path

from edgekeeper.alerts import Alert, Delivery, Fanout, Severity, channels_of
from edgekeeper.clock import Clock, WallClock
from edgekeeper.config import Config, WatchConfig, parse_config
from edgekeeper.errors import EdgekeeperError, UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.ledger.commands import write_command
from edgekeeper.watch.account_guards import AccountGuards
from edgekeeper.watch.heartbeat import Beat, Heart, last_beat
from edgekeeper.watch.local_settings import with_local
from edgekeeper.watch.outside_monitor import OutsideMonitor
from edgekeeper.watch.sentinel import write_alerts

__all__ = ["Vigil", "keep_vigil", "why_dead"]

_ACCOUNT = "edgekeeper"
_LAST_TRIES, _LAST_WAIT_SECONDS = 20, 0.25
_PARTING_SECONDS = 5.0
_NO_PERSON = ("watch", "watchdog")


def why_dead(beat: Beat | None, settings: WatchConfig, *, writes: bool) -> str | None:
    """Say why a trading loop counts as dead; None: it lives, has stopped, or never began.

    Parameters
    ----------
    beat : Beat or None
        Its last sign of life, read after ``writes``.
    writes : bool
        Whether a process holds the right to write as ``trade``, which ends with the process.
    """
    if beat is None or beat.state == "stopped":
        return None
    who = f"the trading loop (process {beat.pid})"
    if beat.state == "failed":
        return f"{who} ended by an error"
    age = beat.age_seconds()
    if not writes and age > settings.heartbeat_seconds:
        return f"{who} is gone and did not say so"
    most = settings.dead_after_seconds if beat.state == "alive" else settings.busy_seconds
    return f"{who} has given no sign of life for {age:.0f} s" if age > most else None


class Vigil:
    """One process's watch over one live run.

    Parameters
    ----------
    folder : path
        Of the run.
    ledger_url : str, optional
        Where its ledger is, if not in the folder.
    channels : Fanout, optional
        Else those of ``[notify]``, and ``alerts.log`` in the folder.
    clock : Clock, optional
    """

    def __init__(
        self,
        folder: Path,
        *,
        ledger_url: str | None = None,
        channels: Fanout | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.folder = folder
        local = with_local(folder, Config())
        self.settings = local.watch
        self.ordered: list[str] = []  # reasons of the orders given
        self._place = ledger_url or str(folder / "ledger.sqlite")
        self._channels = channels or channels_of(folder, local.notify)
        self._monitor: OutsideMonitor | None = None
        if local.notify.has_heartbeat:
            self._monitor = OutsideMonitor(local.notify, self.settings.dead_after_seconds)
            self._monitor.start()
        self._clock = clock or WallClock()
        self._ledger: Ledger | None = None
        self._guards: AccountGuards | None = None
        self._read = {"equity": 0, "guards": 0}  # entries read so far
        self._told: set[str] = set()
        self._blind_since: float | None = None

    def look(self) -> bool:
        """Read what is new and act on it; return whether the record could be read."""
        try:
            ledger = self._open()
            missed = self._missed_halt(ledger)
            if missed is not None and self._once(f"guard {missed}"):
                self._act("guard_missed", missed, missed)
            writes = ledger.has_writer("trade")
            beat = last_beat(self.folder, "trade")
            lives = self._judge_trade(beat, writes)
            if self._monitor is not None:
                self._monitor.tell(well=lives and not _halted_by_fault(ledger))
        except EdgekeeperError as error:
            self._be_blind(error)
            if self._monitor is not None:
                self._monitor.tell(well=False)
            return False
        self._blind_since = None
        self._told.discard("blind")
        return True

    def bereaved(self) -> None:
        """Act on the end of the process that started this one, unless it said that it stops."""
        beat = last_beat(self.folder, "trade")
        if beat is None or beat.state in ("stopped", "starting"):
            return
        why = f"the trading loop (process {beat.pid}) is gone and did not say so"
        if beat.state == "failed":
            why = f"the trading loop (process {beat.pid}) ended by an error"
        if not self._once(f"dead {beat.pid}"):
            return
        self._act("trade_dead", why, why if self.settings.kill_when_dead else None, last=True)

    def close(self) -> None:
        """Close the record, and send what is to be sent."""
        self._let_go()
        if self._monitor is not None:
            self._monitor.close()
        if isinstance(self._channels, Delivery):
            self._channels.close(_PARTING_SECONDS)

    def _let_go(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    # -- what is wrong --------------------------------------------------------------------------

    def _open(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger.open(self._place, read_only=True)
        return self._ledger

    def _missed_halt(self, ledger: Ledger) -> str | None:
        if self._guards is None:
            runs = ledger.read("runs", ["config_json"])
            if runs.height == 0:
                return None  # it has not begun
            config = parse_config(json.loads(runs["config_json"][0]))
            self._guards = AccountGuards(config.guards, config.cash)
        marks = ledger.read(
            "equity",
            ["entry", "event_time_ns", "equity"],
            where={"account": _ACCOUNT},
            after=self._read["equity"],
        )
        events = ledger.read(
            "guards",
            ["entry", "event_time_ns", "event"],
            where={"account": _ACCOUNT, "event": ["halt", "resume"]},
            after=self._read["guards"],
        )
        for name, rows in (("equity", marks), ("guards", events)):
            if rows.height:
                self._read[name] = int(rows["entry"][-1])
        return self._guards.update(
            [
                (int(when), math.nan if equity is None else float(equity))
                for _, when, equity in marks.iter_rows()
            ],
            [(int(when), str(event)) for _, when, event in events.iter_rows()],
        )

    def _judge_trade(self, beat: Beat | None, writes: bool) -> bool:
        """Act on its death; return whether it lives."""
        why = why_dead(beat, self.settings, writes=writes)
        if beat is None:
            return False
        if why is None:
            self._told.discard(f"dead {beat.pid}")
        elif self._once(f"dead {beat.pid}"):
            self._act("trade_dead", why, why if self.settings.kill_when_dead else None)
        return why is None and beat.state != "stopped"

    def _be_blind(self, error: EdgekeeperError) -> None:
        """Fall silent; after a while say so, and order a stop should that be possible."""
        self._let_go()
        now = time.monotonic()
        if self._blind_since is None:
            self._blind_since = now
        if now - self._blind_since >= self.settings.dead_after_seconds and self._once("blind"):
            why = f"the watch cannot read the record: {error}"
            self._act("watch_blind", why, why)

    def _once(self, cause: str) -> bool:
        if cause in self._told:
            return False
        self._told.add(cause)
        return True

    # -- what is done about it ------------------------------------------------------------------

    def _act(self, rule: str, message: str, reason: str | None, *, last: bool = False) -> None:
        """Alert, and order a halt for ``reason`` unless the account is halted or about to be."""
        severity: Severity = "critical"
        alert = Alert(self._clock.now_ns(), severity, rule, message)
        self._channels.send(alert)
        for _ in range(_LAST_TRIES if last else 1):
            try:
                with Ledger.open(self._place) as ledger:
                    if not ledger.has_writer("operations"):
                        write_alerts(ledger, [alert])
                    if reason is not None and not _halted_or_about_to(ledger):
                        self._order(ledger, reason)
                return
            except EdgekeeperError as error:
                failure = error
            if last:
                time.sleep(_LAST_WAIT_SECONDS)
        self._channels.send(
            Alert(
                self._clock.now_ns(),
                severity,
                "watch_blind",
                f"the watch could not write down what it saw ({message}): {failure}",
            )
        )

    def _order(self, ledger: Ledger, reason: str) -> None:
        write_command(
            ledger, "kill", wall_time_ns=self._clock.now_ns(), actor="watch", reason=reason
        )
        self.ordered.append(reason)


def _halted_or_about_to(ledger: Ledger) -> bool:
    events = ledger.read("guards", ["event"], where={"account": _ACCOUNT,
                                                     "event": ["halt", "resume"]})  # fmt: skip
    if events.height and events["event"][-1] == "halt":
        return True
    obeyed = set(ledger.read("obeyed", ["id"])["id"].to_list())
    kills = ledger.read("commands", ["id"], where={"kind": "kill"})["id"].to_list()
    return any(one not in obeyed for one in kills)


def _halted_by_fault(ledger: Ledger) -> bool:
    """Whether the account is halted, and not because a person wished it."""
    last = ledger.read(
        "guards",
        ["event", "cause", "actor"],
        where={"account": _ACCOUNT, "event": ["halt", "resume"]},
        order=["entry"],
        descending=True,
        limit=1,
    ).rows()
    return any(
        event == "halt" and (cause != "operator" or actor in _NO_PERSON)
        for event, cause, actor in last
    )


def keep_vigil(
    folder: Path,
    *,
    ledger_url: str | None = None,
    parent: int | None = None,
    stop: Callable[[], bool] = lambda: False,
    told: Callable[[Vigil, bool], None] = lambda vigil, saw: None,
) -> list[str]:
    """Watch until ``stop`` says so, or the parent process ends; return the orders given.

    Parameters
    ----------
    folder : path
        Of the run.
    ledger_url : str, optional
    parent : int, optional
        Descriptor of a pipe whose other end the starting process holds.
    stop : callable
    told : callable
        Called after each look, with whether the record could be read.

    Raises
    ------
    UsageError
        Another process watches this run.
    """
    vigil = Vigil(folder, ledger_url=ledger_url)
    other = last_beat(folder, "watch")
    if other is not None and other.state == "alive":
        age = other.age_seconds()
        young = age < vigil.settings.dead_after_seconds
        if young and other.runs and other.pid != os.getpid():
            raise UsageError(
                f"process {other.pid} watches {folder} already, its last sign of life {age:.0f} s "
                "old: stop it first"
            )
    heart = Heart(folder, "watch", 0.0)
    try:
        while not stop():
            saw = vigil.look()
            if saw:
                heart.beat()
            told(vigil, saw)
            if _parent_gone(parent, vigil.settings.heartbeat_seconds):
                vigil.bereaved()
                break
    finally:
        heart.beat("stopped")
        vigil.close()
    return vigil.ordered


def _parent_gone(parent: int | None, wait_seconds: float) -> bool:
    """Wait for a while, or until the other end of the pipe is closed."""
    if parent is None:
        time.sleep(wait_seconds)
        return False
    ready, _, _ = select.select([parent], [], [], wait_seconds)
    return bool(ready) and os.read(parent, 1) == b""
