"""``Rules``: figures against thresholds, one alert a cause until it is over.

A figure that hovers about its threshold would tell people the same thing every day. So an alert is
latched: it is raised at the threshold, and over only when the figure has passed a second one on
the good side. A figure over too few results says nothing, either way.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from edgekeeper.alerts.alert import Alert, Severity
from edgekeeper.config import AlertRule

__all__ = ["CLEARED", "Figure", "Rules"]

CLEARED = "_cleared"
"""Ends the name under which it is told that an alert is over."""

_SAID = {
    "accuracy": "{cause}: {value:.1%} of {count} trades ended as forecast",
    "win_rate_gap": "{cause}: win rate {value:+.1%} beside the rules alone, over {count} trades",
    "drawdown": "{cause}: {value:.1%} below its high",
    "latency_ms": "{cause}: forecasts took {value:.0f} ms",
    "forecast_shift": "{cause}: the newest {count} forecasts are spread otherwise than those "
    "before (PSI {value:.2f})",
    "importance_shift": "{cause}: its newest fit listens to other features than the one before, "
    "{value:+.1f} deviations from what is usual for {count} earlier fits",
    "drift": "{cause}: {value:.0f} kinds of drift since its model was fitted",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured of something.

    Attributes
    ----------
    metric : str
        As in :class:`~edgekeeper.config.AlertRule`.
    cause : str
        Of whom or what; alerts of one rule are latched for each.
    value : float
        NaN: not known, which changes nothing.
    count : int
        Results that it rests on.
    """

    metric: str
    cause: str
    value: float
    count: int


class Rules:
    """Compares figures with rules, and remembers which alerts stand.

    Parameters
    ----------
    rules : mapping of name to AlertRule
    standing : iterable of (rule, cause)
        Alerts raised before and not over yet.

    Examples
    --------
    >>> from edgekeeper.config import AlertsConfig
    >>> rules = Rules(AlertsConfig().rules)
    >>> def told(accuracy):
    ...     return [a.rule for a in rules.judge([Figure("accuracy", "x", accuracy, 250)], 0)]
    >>> told(0.49), told(0.48), told(0.52), told(0.58)
    (['accuracy_critical', 'accuracy_warning'], [], [], \
['accuracy_critical_cleared', 'accuracy_warning_cleared'])
    """

    def __init__(
        self, rules: Mapping[str, AlertRule], standing: Iterable[tuple[str, str]] = ()
    ) -> None:
        self._rules = dict(rules)
        self.standing = set(standing)

    def judge(self, figures: Iterable[Figure], event_time: int) -> Iterator[Alert]:
        """Yield what is new: alerts raised, and those that are over."""
        for figure in figures:
            for name, rule in self._rules.items():
                if rule.metric != figure.metric or math.isnan(figure.value):
                    continue
                key = (name, figure.cause)
                if key in self.standing:
                    if _beyond(figure.value, rule.direction, rule.clears_at, over=True):
                        self.standing.discard(key)
                        yield _alert(name + CLEARED, "info", rule, figure, event_time)
                elif figure.count >= rule.at_least and _beyond(
                    figure.value, rule.direction, rule.threshold
                ):
                    self.standing.add(key)
                    yield _alert(name, rule.severity, rule, figure, event_time)


def _beyond(value: float, direction: str, threshold: float, *, over: bool = False) -> bool:
    """Whether a value is on the bad side, or with ``over`` on the good one."""
    below = (direction == "below") is not over
    return value < threshold if below else value > threshold


def _alert(
    name: str, severity: Severity, rule: AlertRule, figure: Figure, event_time: int
) -> Alert:
    said = _SAID[rule.metric].format(cause=figure.cause, value=figure.value, count=figure.count)
    bound = rule.clears_at if name.endswith(CLEARED) else rule.threshold
    detail = {
        "cause": figure.cause,
        "metric": rule.metric,
        "value": figure.value,
        "count": figure.count,
        "threshold": bound,
    }
    over = "over: " if name.endswith(CLEARED) else ""
    return Alert(event_time, severity, name, over + said, detail)
