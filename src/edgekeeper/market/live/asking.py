"""Ask a source, keep its health, and know when to ask again."""

from collections.abc import Callable
from dataclasses import replace

import polars as pl

from edgekeeper.clock import Clock
from edgekeeper.market.live.health import REFUSAL, SILENT_AFTER, Health
from edgekeeper.market.live.source import LiveSource
from edgekeeper.market.live.trouble import SourceRefused, SourceTrouble
from edgekeeper.waiting import Backoff

__all__ = ["Asking"]

_SECOND_NS = 10**9
_TROUBLE = SourceTrouble | SourceRefused


class Asking:
    """One source, asked at the pace it asks for itself.

    Parameters
    ----------
    source : LiveSource
    symbols : tuple of str
    interval_ns : int
    clock : Clock
    backoff : Backoff
    health : Health

    Attributes
    ----------
    health : Health
    next_ns : int
        When to ask again.
    """

    def __init__(
        self,
        source: LiveSource,
        symbols: tuple[str, ...],
        interval_ns: int,
        clock: Clock,
        backoff: Backoff,
        health: Health,
    ) -> None:
        self._source, self._symbols, self._interval_ns = source, symbols, interval_ns
        self._clock, self._backoff = clock, backoff
        self.health = health
        self.next_ns = self._asked_ns = clock.now_ns()

    def check(self) -> None:
        """Have the source look at symbols and interval; one that cannot tell now is asked later.

        Raises
        ------
        UsageError
            It does not carry them.
        """
        try:
            self._source.check(self._symbols, self._interval_ns)
        except SourceTrouble as error:
            self._failed(error)

    def is_due(self) -> bool:
        """Whether to ask now; also when the clock was set back, which says nothing about waits."""
        now_ns = self._clock.now_ns()
        return now_ns >= self.next_ns or now_ns < self._asked_ns

    def ask(self, start_ns: int, end_ns: int) -> pl.DataFrame | None:
        """Rows for a range, of schema ``LIVE_ROWS``; None where it failed, as ``health`` says."""
        self._asked_ns = self._clock.now_ns()
        try:
            return self._source.history(self._symbols, self._interval_ns, start_ns, end_ns)
        except (SourceTrouble, SourceRefused) as error:
            self._failed(error)
            return None

    def insist(self, start_ns: int, end_ns: int, sleep: Callable[[float], None]) -> pl.DataFrame:
        """Rows for a range, after up to ``SILENT_AFTER`` tries.

        Raises
        ------
        SourceTrouble
            The last failure.
        SourceRefused
            At once.
        """
        for attempt in range(1, SILENT_AFTER + 1):
            try:
                rows = self._source.history(self._symbols, self._interval_ns, start_ns, end_ns)
            except SourceTrouble as error:
                self._failed(error)
                if attempt == SILENT_AFTER:
                    raise SourceTrouble(
                        error.kind,
                        f"{error} ({error.kind}, {attempt} times): look at the network and whether "
                        f"{self._source.name} is up, then give the same command again",
                        error.wait_seconds,
                    ) from error
                sleep(max(self.next_ns - self._clock.now_ns(), 0) / _SECOND_NS)
            else:
                self.answered(None)
                return rows
        raise AssertionError("the last attempt returns or raises")

    def answered(self, overdue_ns: int | None) -> None:
        """Take note of a good answer; ``overdue_ns``: first instant that should be there by now."""
        self.health = self.health.answered(self._clock.now_ns(), overdue_ns)

    def ask_again_at(self, time_ns: int, due_ns: int) -> None:
        """After a good answer: when to ask next, and when the next bar is due."""
        self.next_ns = time_ns
        self.health = replace(self.health, next_due_ns=due_ns)

    def _failed(self, error: _TROUBLE) -> None:
        now_ns = self._clock.now_ns()
        if isinstance(error, SourceTrouble):
            kind: str = error.kind
            told = error.wait_seconds
        else:
            kind, told = REFUSAL, self._backoff.longest_seconds
        wait = self._backoff.wait(self.health.consecutive_failures + 1) if told is None else told
        self.next_ns = now_ns + max(round(wait * _SECOND_NS), _SECOND_NS // 10)
        self.health = self.health.failed(kind, str(error), now_ns, self.next_ns)
