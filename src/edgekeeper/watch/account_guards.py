"""The account's guards a second time, by other code, from what stands on record.

The compiled step halts an account at once. Whoever broke that step would not notice; so the watch
reads equity and halts as they were written, and says where a halt is missing.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from edgekeeper.config import GuardsConfig

__all__ = ["AccountGuards", "GuardRow"]

_DAY_NS = 86_400 * 10**9

GuardRow = tuple[int, str]
"""Time and event of a halt or a resume."""


@dataclass(slots=True)
class AccountGuards:
    """Goes through an account's equity, bar after bar, as the rules of ``guards`` read.

    Parameters
    ----------
    guards : GuardsConfig
    cash : float
        At the start.

    Examples
    --------
    >>> guards = AccountGuards(GuardsConfig(account_drawdown=0.1), 100.0)
    >>> guards.update([(1, 110.0), (2, 98.0)], [])
    'account drawdown 10.9 %, where 10.0 % halt'
    >>> guards.update([(3, 97.0)], [(2, "halt")]) is None
    True
    """

    guards: GuardsConfig
    cash: float
    halted: bool = False
    _peak: float = field(init=False)
    _equity: float = field(init=False)
    _day_start: float = field(init=False)
    _day_end: int | None = None
    _waiting: list[GuardRow] = field(default_factory=list)
    _missed: str | None = None

    def __post_init__(self) -> None:
        self._peak = self._equity = self._day_start = self.cash

    def update(self, marks: Iterable[tuple[int, float]], events: Iterable[GuardRow]) -> str | None:
        """Take new rows, both oldest first; return why the account should be halted and is not.

        Parameters
        ----------
        marks : iterable of (time, equity)
            Read before ``events``, so that no halt of theirs is missed. NaN: not known.
        events : iterable of (time, "halt" or "resume")
        """
        self._waiting += events
        for time_ns, equity in marks:
            self._pass_events(time_ns)
            breach = self._mark(time_ns, equity)
            if breach and not self.halted and not self._halts_at(time_ns):
                self._missed = breach
        halted = self.halted
        for _, event in self._waiting:
            halted = event == "halt"
        if halted:
            self._missed = None
        return self._missed

    def _pass_events(self, before_ns: int) -> None:
        """Take the events of earlier bars: a resume measures afresh from the equity it met."""
        while self._waiting and self._waiting[0][0] < before_ns:
            _, event = self._waiting.pop(0)
            self.halted = event == "halt"
            if event == "resume":
                self._peak = self._day_start = self._equity

    def _halts_at(self, time_ns: int) -> bool:
        return any(when == time_ns and event == "halt" for when, event in self._waiting)

    def _mark(self, time_ns: int, equity: float) -> str | None:
        if self._day_end is None or time_ns >= self._day_end:
            self._day_end = (time_ns // _DAY_NS + 1) * _DAY_NS
            self._day_start = self._equity
        self._equity = equity
        if equity > self._peak:
            self._peak = equity
        if math.isnan(equity):
            return "equity is not a number"
        for name, high, most in (
            ("account drawdown", self._peak, self.guards.account_drawdown),
            ("loss of the day", self._day_start, self.guards.daily_loss),
        ):
            fall = 1.0 - equity / high if high != 0.0 else math.nan
            if not fall <= most:
                return f"{name} {fall:.1%}, where {most:.1%} halt".replace("%", " %")
        return None
