"""Figures that rules watch, each beside where it would raise an alert."""

from collections.abc import Callable, Sequence

from edgekeeper.alerts import Figure
from edgekeeper.config import AlertRule
from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import Column, Tone, card, chip, table
from edgekeeper.dashboard.view import View
from edgekeeper.desk import RunStatus
from edgekeeper.report.wording import MISSING, number, percent, signed

__all__ = ["vital_signs"]


def _milliseconds(value: float) -> str:
    return f"{number(value, 1)} ms"


def _whole(value: float) -> str:
    return f"{value:.0f}"


_NAMES: dict[str, tuple[str, Callable[[float], str]]] = {
    "drawdown": ("Fall of the account", percent),
    "accuracy": ("Forecasts right about the sign", percent),
    "win_rate_gap": ("Win rate beside the rules", signed),
    "forecast_shift": ("Shift of forecasts (PSI)", number),
    "importance_shift": ("Importance that moved (deviations)", number),
    "drift": ("Kinds of drift since the fit", _whole),
    "latency_ms": ("Time for the newest forecast", _milliseconds),
}


def vital_signs(view: View, state: RunStatus) -> Element:
    """Draw them as a table: now, the limit, and whether it holds."""
    until = state.last_bar_ns
    figures = {} if until is None else view.shelf.get(
        "figures", view.stamp, lambda: view.figures.read(until)
    )  # fmt: skip
    settings = view.figures.settings
    rows: list[list[Node]] = []
    for metric, (name, say) in _NAMES.items():
        rules = [rule for rule in settings.rules.values() if rule.metric == metric]
        first = next((r for r in rules if r.severity == "warning"), rules[0] if rules else None)
        figure = figures.get(metric)
        limit: Node = MISSING if first is None else _limit(first, say)
        value = MISSING if figure is None else say(figure.value)
        rows.append([name, value, limit, chip(*_judged(figure, rules))])
    return card(
        "Vital signs",
        table(
            (Column("Figure"), Column("Now", "n"), Column("Alert if", "n"), Column("State")),
            rows,
            label="Vital signs",
            flow=False,
        ),
        note=f"over the newest {settings.recent} results",
        css="flush",
    )


def _limit(rule: AlertRule, say: Callable[[float], str]) -> Node:
    sign = ">" if rule.direction == "above" else "<"
    return node(
        "span",
        node("span", sign, aria_hidden="true"),
        node("span", rule.direction, css="sr"),
        f" {say(rule.threshold)}",
    )


def _judged(figure: Figure | None, rules: Sequence[AlertRule]) -> tuple[str, Tone]:
    if figure is None:
        return "not known", "quiet"
    if not rules:
        return "not watched", "quiet"
    broken = {rule.severity for rule in rules if _beyond(figure, rule)}
    if "critical" in broken:
        return "critical", "danger"
    if broken:
        return "warning", "warning"
    if all(figure.count < rule.at_least for rule in rules):
        return "too few", "quiet"
    return "holds", "good"


def _beyond(figure: Figure, rule: AlertRule) -> bool:
    if figure.count < rule.at_least:
        return False
    if rule.direction == "above":
        return figure.value > rule.threshold
    return figure.value < rule.threshold
