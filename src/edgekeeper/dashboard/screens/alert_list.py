"""What was told to people, and whether the channels that tell it work."""

from edgekeeper.dashboard.nodes import Element, node
from edgekeeper.dashboard.parts import card, empty_state, icon
from edgekeeper.dashboard.view import View
from edgekeeper.desk import RunStatus
from edgekeeper.report.wording import day

__all__ = ["alert_list"]

_DAY_NS = 86_400 * 10**9
_TONES = {
    "critical": ("danger", "stop"),
    "warning": ("warning", "warning"),
    "info": ("info", "info"),
}


def alert_list(view: View, state: RunStatus) -> Element:
    """Draw the newest of thirty days."""
    since = None if state.last_bar_ns is None else state.last_bar_ns - 30 * _DAY_NS
    rows = view.desk.rows("alerts", since_ns=since, limit=8)
    if rows.height == 0:
        calm = "What matters is told here, and in the channels you set up."
        return card("Alerts", empty_state("None in 30 days.", calm, sign="good"))
    return card(
        "Alerts",
        node(
            "ul",
            [
                node(
                    "li",
                    node(
                        "span", icon(sign), node("span", f"{row['severity']}: ", css="sr"), css=tone
                    ),
                    node("p", node("bdi", row["message"])),
                    None,
                    node("small", f"{day(row['event_time_ns'], minutes=True)} UTC"),
                )
                for row in rows.iter_rows(named=True)
                for tone, sign in [_TONES.get(row["severity"], _TONES["info"])]
            ],
            css="items",
        ),
        note="last 30 days",
        css="flush",
    )


def _alert(severity: str, message: str, time_ns: int) -> Element:
    tone, sign = _TONES.get(severity, _TONES["info"])
    return node(
        "li",
        node("span", icon(sign), node("span", f"{severity}: ", css="sr"), css=tone),
        node("p", node("bdi", message)),
        node("small", f"{day(time_ns, minutes=True)} UTC"),
    )
