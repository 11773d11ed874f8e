"""``Schedule``: when an alert is due, and whether people sleep now.

What is critical is due at once. Warnings wait a little for each other. What is for information
waits for its day. Quiet hours hold everything but what is critical; they are asked when something
is about to be sent, so that a change of the clocks or of the settings needs no repair.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from edgekeeper.alerts.alert import Alert
from edgekeeper.alerts.rules import CLEARED
from edgekeeper.config import NotifyConfig

__all__ = ["Schedule"]

_SECOND_NS = 10**9
_MONDAY = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """The hours of ``[notify]``.

    Examples
    --------
    >>> from edgekeeper.config import NotifyConfig
    >>> hours = Schedule(NotifyConfig(quiet_from="22:00", quiet_until="07:00"))
    >>> [hours.is_quiet(hour * 3_600 * 10**9) for hour in (21, 22, 23, 24, 30, 31)]
    [False, True, True, True, True, False]
    """

    settings: NotifyConfig

    @property
    def zone(self) -> tzinfo:
        """Whose hours these are."""
        name = self.settings.time_zone
        return UTC if name == "UTC" else ZoneInfo(name)

    def is_quiet(self, now_ns: int) -> bool:
        """Whether only what is critical may be sent."""
        if self.settings.quiet_from is None or self.settings.quiet_until is None:
            return False
        begin = time.fromisoformat(self.settings.quiet_from)
        end = time.fromisoformat(self.settings.quiet_until)
        here = datetime.fromtimestamp(now_ns / _SECOND_NS, self.zone).time()
        return begin <= here < end if begin <= end else here >= begin or here < end

    def due_ns(self, alert: Alert, now_ns: int) -> int:
        """When an alert that is raised now is to be sent, quiet hours apart."""
        if alert.severity == "critical":
            return now_ns
        soon = now_ns + round(self.settings.group_minutes * 60) * _SECOND_NS
        # The week's summary is what the rest of the week waited for; that something is over is
        # news to whoever was told of it.
        if alert.severity == "warning" or alert.rule == "weekly" or alert.rule.endswith(CLEARED):
            return soon
        return soon if self.settings.info == "at once" else self._digest_ns(now_ns)

    def _digest_ns(self, now_ns: int) -> int:
        """When the next digest is: each day, or on Mondays."""
        zone = self.zone
        today = datetime.fromtimestamp(now_ns / _SECOND_NS, zone).date()
        for days in range(9):
            day = today + timedelta(days=days)
            if self.settings.info == "weekly" and day.weekday() != _MONDAY:
                continue
            when = self._at(day, zone)
            if when > now_ns:
                return when
        raise AssertionError("a week has seven days")

    def _at(self, day: date, zone: tzinfo) -> int:
        hour = time.fromisoformat(self.settings.digest_at)
        return round(datetime.combine(day, hour, zone).timestamp()) * _SECOND_NS
