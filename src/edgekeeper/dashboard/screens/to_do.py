"""What waits for a person, most urgent first, each with what can be done about it."""

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import ask_button, card, empty_state, icon
from edgekeeper.dashboard.view import View
from edgekeeper.dashboard.wishes import ask_alert, ask_change, ask_line, ask_resume
from edgekeeper.report.to_do import Task
from edgekeeper.report.wording import day

__all__ = ["to_do"]

_URGENT = {
    "now": ("danger", "stop"),
    "soon": ("warning", "warning"),
    "when convenient": ("info", "info"),
}


def to_do(view: View) -> Element:
    """Draw the list."""
    tasks = view.facts.tasks
    if not tasks:
        return card(
            "What waits for you", empty_state("Nothing.", "All is as it should be.", sign="good")
        )
    return card(
        "What waits for you",
        node("ul", [_task(view, task) for task in tasks[:12]], css="items"),
        node("p", f"and {len(tasks) - 12} more", css="soft") if len(tasks) > 12 else None,
        css="flush",
    )


def _task(view: View, task: Task) -> Element:
    tone, sign = _URGENT[task.urgency]
    return node(
        "li",
        node("span", icon(sign), node("span", f"{task.urgency}: ", css="sr"), css=tone),
        node("p", task.text),
        _act(view, task),
        node("small", f"since {day(task.since_ns, minutes=True)} UTC"),
    )


def _act(view: View, task: Task) -> Node | None:
    state = view.facts.status
    if state is None:
        return None
    if task.kind == "halt" and view.may_order("resume"):
        return ask_button(ask_resume(state.halt_cause), "Resume", css="small")
    if task.kind == "pause" and view.may_order("rearm") and state.champion:
        return ask_button(ask_line("rearm", state.champion, []), "Re-arm", css="small")
    if task.kind == "approval":
        return node("a", "Look at the fits", href="/models")
    if task.kind == "parameter_change" and view.may_order("answer"):
        return ask_button(ask_change(task.subject), "Answer", css="small")
    if task.kind == "alert" and view.may_order("acknowledge"):
        return ask_button(ask_alert(task.subject), "Seen", css="small")
    return None
