"""How a live source is doing, as a record for rules and as one sentence for people."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

__all__ = ["REFUSAL", "SILENT_AFTER", "Health"]

SILENT_AFTER = 5
"""Failures in a row after which a source counts as silent. Asking goes on."""
REFUSAL = "refusal"
"""Kind of failure that only a person can end: keys, plan, symbol."""
_MINUTE_NS = 60 * 10**9


@dataclass(frozen=True, slots=True)
class Health:
    """What is known about a source; times are nanoseconds UTC.

    Attributes
    ----------
    source : str
    last_bar_ns : int or None
        Close of the newest bars given.
    next_due_ns : int or None
        When the next bar closes, by the calendar of the venues.
    last_good_poll_ns : int or None
        When the source last answered with something readable.
    last_error : str
        What it said or did the last time it failed; stays after it recovered.
    failures : mapping of kind to count
        Failures in a row, by kind; empty while all is well.
    silent_since_ns : int or None
        First of the failures in a row, once there are ``SILENT_AFTER``; or the instant of the first
        bar overdue, where the source answers but has nothing new.
    retry_ns : int or None
        When it is asked again after a failure.
    quarantined : mapping of reason to count
        Rows set aside since this process began.
    missing : int
        Instants given up so far: due by the calendar, and not there when later ones came.
    """

    source: str
    last_bar_ns: int | None = None
    next_due_ns: int | None = None
    last_good_poll_ns: int | None = None
    last_error: str = ""
    failures: Mapping[str, int] = field(default_factory=dict)
    first_failure_ns: int | None = None
    silent_since_ns: int | None = None
    retry_ns: int | None = None
    quarantined: Mapping[str, int] = field(default_factory=dict)
    missing: int = 0

    @property
    def consecutive_failures(self) -> int:
        """Failures since the last good answer."""
        return sum(self.failures.values())

    def failed(self, kind: str, message: str, now_ns: int, retry_ns: int) -> "Health":
        """After one more failure."""
        failures = dict(Counter(self.failures) + Counter([kind]))
        first = self.first_failure_ns if self.first_failure_ns is not None else now_ns
        silent = self.silent_since_ns
        if silent is None and sum(failures.values()) >= SILENT_AFTER:
            silent = first
        return replace(
            self,
            last_error=message,
            failures=failures,
            first_failure_ns=first,
            silent_since_ns=silent,
            retry_ns=retry_ns,
        )

    def answered(self, now_ns: int, overdue_ns: int | None) -> "Health":
        """After a good answer; ``overdue_ns`` is the first bar that should be there and is not."""
        return replace(
            self,
            last_good_poll_ns=now_ns,
            failures={},
            first_failure_ns=None,
            silent_since_ns=overdue_ns,
            retry_ns=None,
        )

    def set_aside(self, reasons: Mapping[str, int]) -> "Health":
        """After rows went to the quarantine."""
        return replace(self, quarantined=dict(Counter(self.quarantined) + Counter(reasons)))

    def sentence(self, now_ns: int) -> str:
        """One plain sentence, times in UTC.

        Examples
        --------
        >>> hour = 3_600 * 10**9
        >>> Health("kraken", last_bar_ns=14 * hour, next_due_ns=15 * hour).sentence(14 * hour)
        'kraken: last bar 14:00, next due 15:00; nothing wrong'
        """
        if REFUSAL in self.failures:
            return f"{self.source} says no: {self.last_error}; {self._again(now_ns)}"
        if self.failures and self.silent_since_ns is not None:
            return (
                f"{self.source} has been silent for {_span(now_ns - self.silent_since_ns)}: "
                f"{_counted(self.failures)}; {self._again(now_ns)}"
            )
        if self.failures:
            return f"{self._state(now_ns)}; {_counted(self.failures)}: {self._again(now_ns)}"
        if self.silent_since_ns is not None:
            return (
                f"{self.source} answers, but has no bar since {_clock(self.last_bar_ns, now_ns)}; "
                f"the one of {_clock(self.silent_since_ns, now_ns)} is overdue"
            )
        return f"{self._state(now_ns)}; {self._troubles()}"

    def _state(self, now_ns: int) -> str:
        return (
            f"{self.source}: last bar {_clock(self.last_bar_ns, now_ns)}, "
            f"next due {_clock(self.next_due_ns, now_ns)}"
        )

    def _again(self, now_ns: int) -> str:
        if self.retry_ns is None or self.retry_ns <= now_ns:
            return "trying again now"
        return f"trying again in {_span(self.retry_ns - now_ns)}"

    def _troubles(self) -> str:
        said = []
        if self.quarantined:
            rows = sum(self.quarantined.values())
            most = max(self.quarantined, key=lambda reason: self.quarantined[reason])
            said.append(f"{rows} {_plural('row', rows)} in quarantine, mostly: {most}")
        if self.missing:
            said.append(f"{self.missing} {_plural('bar', self.missing)} never came")
        return "; ".join(said) or "nothing wrong"


def _counted(failures: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {_plural(kind, count)}" for kind, count in failures.items())


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _clock(time_ns: int | None, now_ns: int) -> str:
    """Hours and minutes; with the date where it is another day."""
    if time_ns is None:
        return "none yet"
    text = str(np.datetime64(time_ns, "ns").astype("datetime64[m]"))
    same_day = abs(time_ns - now_ns) < 1_440 * _MINUTE_NS
    return text[11:] if same_day else text.replace("T", " ")


def _span(length_ns: int) -> str:
    seconds = max(round(length_ns / 10**9), 0)
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} minutes" if seconds < 7_200 else f"{seconds // 3_600} hours"
