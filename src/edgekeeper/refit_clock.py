"""Refits by the wall clock: daily on recent bars, weekly on all of them, and whenever one is old.

The scheduler's thread only says that an hour has come. What is asked becomes an order on record,
carried out by the loop like one of a person, so that a run that is lived again repeats it. Jobs
are defined here, and none is stored: what was missed while nothing ran is told from the record,
and caught up with once.
"""

import json
import queue
from collections.abc import Mapping, Set
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from edgekeeper.clock import Clock, WallClock
from edgekeeper.config import Config, RefitsConfig
from edgekeeper.ledger import Ledger
from edgekeeper.trade import Order

if TYPE_CHECKING:
    from apscheduler.triggers.cron import CronTrigger

__all__ = ["SCHEDULE", "RefitClock", "last_due", "triggers_of"]

SCHEDULE = "schedule"
"""Who orders."""

DAILY, WEEKLY, AGE = "daily", "weekly", "age"
_WISHES: dict[str, dict[str, Any]] = {
    DAILY: {"window": "recent"},
    WEEKLY: {"window": "full", "tune": True},
    AGE: {"window": "recent"},
}
_LOOK_BACK = {DAILY: timedelta(days=2), WEEKLY: timedelta(days=8)}
_RANK = (AGE, DAILY, WEEKLY)  # one that is asked for at the same time stands for those before it
_HOUR_NS = 3_600 * 10**9


class RefitClock:
    """Orders refits when their hours come. Close it, which ends the scheduler's thread.

    Parameters
    ----------
    config : Config
    ledger : Ledger
        Read for what was ordered and fitted before.
    clock : Clock, optional
        For what was missed; the hours themselves come by the clock of the machine.
    triggers : mapping of job to trigger, optional
        Other hours than those of the configuration.
    """

    def __init__(
        self,
        config: Config,
        ledger: Ledger,
        clock: Clock | None = None,
        triggers: "Mapping[str, CronTrigger] | None" = None,
    ) -> None:
        from apscheduler.schedulers.background import BackgroundScheduler

        self._config, self._ledger = config, ledger
        self._clock = clock or WallClock()
        self._came: queue.SimpleQueue[tuple[str, int]] = queue.SimpleQueue()
        self._wanted: dict[str, tuple[str, int]] = {}
        self._looked_at_age: int | None = None
        triggers = triggers_of(config.refits) if triggers is None else triggers
        for job, trigger in triggers.items():
            self._catch_up(job, trigger)
        self._scheduler = BackgroundScheduler(timezone=config.refits.time_zone)
        for job, trigger in triggers.items():
            # Late is better than never, and once is enough.
            self._scheduler.add_job(
                self._come, trigger, [job], coalesce=True, misfire_grace_time=None, max_instances=1
            )
        self._scheduler.start()

    def orders(self, now_ns: int, under_way: Set[str]) -> list[Order]:
        """Return what is to be ordered now.

        Parameters
        ----------
        now_ns : int
            Last instant that the run has taken.
        under_way : set of str
            Lines that are being fitted: theirs wait.
        """
        while not self._came.empty():
            self._want(*self._came.get())
        self._look_at_age(now_ns)
        ready = [line for line in self._wanted if line not in under_way]
        return [self._order(line, *self._wanted.pop(line)) for line in ready]

    def close(self) -> None:
        """End the thread. What is too old is still noticed without it."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def _come(self, job: str) -> None:
        self._came.put((job, self._clock.now_ns()))

    def _want(self, job: str, due_ns: int, lines: "list[str] | None" = None) -> None:
        for line in lines or [line.name for line in self._config.lines]:
            before = self._wanted.get(line)
            if before is None or _RANK.index(job) >= _RANK.index(before[0]):
                self._wanted[line] = job, due_ns

    def _order(self, line: str, job: str, due_ns: int) -> Order:
        refits = self._config.refits
        hours = {DAILY: f"daily {refits.daily}", WEEKLY: f"weekly {refits.weekly}"}
        old = f"the newest fit is older than {refits.max_age_hours:g} hours"
        reason = old if job == AGE else f"{hours[job]} {refits.time_zone}"
        detail = {**_WISHES[job], "job": job, "due_ns": due_ns}
        return Order(f"{SCHEDULE}-{job}-{due_ns}-{line}", "refit", line, SCHEDULE, reason, detail)

    def _catch_up(self, job: str, trigger: "CronTrigger") -> None:
        """Want what was due while nobody was there, once, however often it was."""
        now = self._clock.now_ns()
        due = last_due(trigger, now, _LOOK_BACK[job])
        before = self._last_asked(job)
        if before is None:
            fits = self._ledger.read("packages", ["fitted_at_ns"])["fitted_at_ns"]
            before = int(fits[-1]) if len(fits) else now  # a run that begins has missed nothing
        if due is not None and due > before:
            self._want(job, due)

    def _last_asked(self, job: str) -> int | None:
        rows = self._ledger.read("obeyed", ["detail_json"], where={"actor": SCHEDULE})
        asked = [json.loads(text) for text in rows["detail_json"].to_list()]
        return max((one["due_ns"] for one in asked if one["job"] == job), default=None)

    def _look_at_age(self, now_ns: int) -> None:
        """Want a fit where bars have gone on without one for too long; look once an hour."""
        wall = self._clock.now_ns()
        if self._looked_at_age is not None and wall - self._looked_at_age < _HOUR_NS:
            return
        self._looked_at_age = wall
        fits = self._ledger.read("packages", ["line", "fitted_at_ns"])
        newest = dict(fits.iter_rows())
        oldest = now_ns - self._config.refits.max_age_hours * _HOUR_NS
        old = [line for line, fitted in newest.items() if fitted < oldest]
        known = {line.name for line in self._config.lines}
        if old := [line for line in old if line in known and line not in self._wanted]:
            self._want(AGE, wall, old)


def triggers_of(refits: RefitsConfig) -> "dict[str, CronTrigger]":
    """Return the hours of a configuration.

    Examples
    --------
    >>> sorted(triggers_of(RefitsConfig()))
    ['daily', 'weekly']
    """
    from apscheduler.triggers.cron import CronTrigger

    day, weekly = refits.weekly.split()
    hours = {DAILY: ("*", refits.daily), WEEKLY: (day, weekly)}
    made = {}
    for job, (days, time) in hours.items():
        hour, minute = time.split(":")
        made[job] = CronTrigger(
            day_of_week=days, hour=int(hour), minute=int(minute), timezone=refits.time_zone
        )
    return made


def last_due(trigger: "CronTrigger", now_ns: int, look_back: timedelta) -> int | None:
    """Return the last time a trigger was due at or before an instant, nanoseconds UTC.

    Parameters
    ----------
    trigger : CronTrigger
    now_ns : int
    look_back : timedelta
        How far to look.
    """
    now = datetime.fromtimestamp(now_ns / 1e9, tz=UTC)
    came, last = trigger.get_next_fire_time(None, now - look_back), None
    while came is not None and came <= now:
        last = came
        came = trigger.get_next_fire_time(came, came + timedelta(seconds=1))
    return None if last is None else round(last.timestamp() * 1e9)
