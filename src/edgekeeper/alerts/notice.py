"""``Notice``: one message to people, of one alert or of several, as plain text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from edgekeeper.alerts.alert import SEVERITIES, Alert, Severity

__all__ = ["Notice", "Sender", "one_line", "write_notice"]

_SHORTEST_LINE = 60


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes.

    Attributes
    ----------
    name : str
        Of the run.
    runbooks_url : str
        Where the runbooks can be read; empty: their place in the source is named.
    zone : tzinfo
        Whose hours are written.
    """

    name: str
    runbooks_url: str = ""
    zone: tzinfo = UTC

    def link(self, alert: Alert) -> str:
        """Where it is written what an alert means and what to do."""
        runbook = one_line(alert.runbook)
        if not self.runbooks_url:
            return runbook
        return f"{self.runbooks_url}#{runbook.partition('#')[2]}"


@dataclass(frozen=True, slots=True)
class Notice:
    """A message ready to be sent.

    Attributes
    ----------
    key : str
        The same whenever this message is sent again.
    severity : {"critical", "warning", "info"}
        The most severe of its alerts.
    alerts : tuple of (Alert, int)
        With how many more times each was raised.
    title, text : str
        The title fits into a line; the text stands for itself.
    """

    key: str
    severity: Severity
    alerts: tuple[tuple[Alert, int], ...]
    title: str
    text: str


def write_notice(
    key: str, alerts: Sequence[tuple[Alert, int]], sender: Sender, longest: int
) -> Notice:
    """Write a message of at most ``longest`` characters.

    Examples
    --------
    >>> told = Alert(0, "critical", "drawdown_critical", "equity: 16.0% below its high")
    >>> print(write_notice("k", [(told, 0)], Sender("paper"), 4096).text)
    Critical: equity: 16.0% below its high
    paper, 1970-01-01 00:00 UTC
    What to do: docs/runbooks.md#drawdown-critical
    """
    severity = min((alert.severity for alert, _ in alerts), key=SEVERITIES.index)
    if len(alerts) == 1:
        alert, more = alerts[0]
        feet = [
            f"{one_line(sender.name)}, {_stamp(alert.event_time, sender.zone)}",
            f"What to do: {sender.link(alert)}",
        ]
        room = longest - sum(len(foot) + 1 for foot in feet)
        text = "\n".join([_sentence(alert, more, room), *feet])
        title = _sentence(alert, 0, 120)
    else:
        title = f"{len(alerts)} things to know, the first: {_sentence(*alerts[0], 90)}"
        head = f"{one_line(sender.name)}: {len(alerts)} things to know"
        room = max((longest - len(head)) // len(alerts) - 1, _SHORTEST_LINE)
        text = "\n".join([head, *(_entry(alert, more, sender, room) for alert, more in alerts)])
    return Notice(
        key, severity, tuple(alerts), f"[{one_line(sender.name)}] {title}", text[:longest]
    )


def one_line(text: str) -> str:
    """Return a text without line ends, control characters or marks that turn the direction."""
    spaced = (" " if one.isspace() else one for one in text)
    return " ".join("".join(one for one in spaced if one.isprintable()).split(" "))


def _entry(alert: Alert, more: int, sender: Sender, room: int) -> str:
    """One of several: with its time, and with its link where there is room for both."""
    head = f"• {_stamp(alert.event_time, sender.zone)[5:16]} "
    link = sender.link(alert) if alert.severity != "info" and sender.runbooks_url else ""
    foot = f"\n  {link}" if link and room - len(link) > 2 * _SHORTEST_LINE else ""
    return head + _sentence(alert, more, room - len(head) - len(foot)) + foot


def _sentence(alert: Alert, more: int, room: int) -> str:
    foot = f" (and {more} more times)" if more > 1 else " (and once more)" if more else ""
    said = f"{alert.severity.capitalize()}: {one_line(alert.message)}"
    room = max(room - len(foot), 1)
    return (said if len(said) <= room else said[: room - 1] + "…") + foot


def _stamp(time_ns: int, zone: tzinfo) -> str:
    when = datetime.fromtimestamp(time_ns / 1e9, zone)
    return f"{when:%Y-%m-%d %H:%M} {when.tzname()}"
