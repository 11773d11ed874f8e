"""What surrounds every screen: name, state, kill switch, ways to the other rooms."""

from collections.abc import Sequence

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import ask_button, banner, chip, icon
from edgekeeper.dashboard.standing import Standing, who_trades
from edgekeeper.dashboard.view import Screen, View
from edgekeeper.dashboard.wishes import ask_kill, ask_resume
from edgekeeper.report.wording import day

__all__ = ["surround"]


def surround(
    view: View, screens: Sequence[Screen], here: Screen, inside: Sequence[Node]
) -> list[Node]:
    """Put a screen into its surroundings."""
    standing = who_trades(view.facts)
    return [
        node("a", "Skip to the content", href="#room", css="skip"),
        _top(view, standing),
        _rooms(view, screens, here),
        node(
            "main",
            node("div", *_notices(view), *inside, css="inside", key=here.path),
            css="room",
            id="room",
            tabindex="-1",
        ),
    ]


def _top(view: View, standing: Standing) -> Element:
    state = view.facts.status
    last = "" if state is None else f"last bar {day(state.last_bar_ns, minutes=True)} UTC"
    if view.facts.invented:
        last += " of an invented market"
    return node(
        "header",
        node(
            "a",
            node(
                "svg",
                node("rect", width="24", height="24", rx="5"),
                node("path", d="M5 16l5-5 3 3 6-7"),
                viewBox="0 0 24 24",
                aria_hidden="true",
            ),
            node("span", "Edgekeeper"),
            href="/",
            css="brand",
            aria_label="Edgekeeper: overview",
        ),
        node("div", chip(standing.word, standing.tone), node("span", last, css="where"), css="now"),
        node("theme"),
        _switch(view),
        css="top",
    )


def _switch(view: View) -> Node | None:
    """The kill switch; where trading is stopped, the way back."""
    if not view.facts.live:
        return None
    if view.facts.halted:
        if not view.may_order("resume"):
            return None
        return ask_button(ask_resume(view.facts.halt_cause), icon("play"), "Resume", css="solid")
    if not view.may_order("kill"):
        return None
    stop = node("span", node("span", "Stop"), node("span", " trading", css="wide"))
    return ask_button(ask_kill(), icon("stop"), stop)


def _rooms(view: View, screens: Sequence[Screen], here: Screen) -> Element:
    urgent = sum(task.urgency != "when convenient" for task in view.facts.tasks)
    return node(
        "nav",
        node(
            "ul",
            [
                node(
                    "li",
                    node(
                        "a",
                        icon(screen.icon),
                        node("span", screen.name),
                        node(
                            "span",
                            str(urgent),
                            node("span", " to do", css="sr"),
                            css="count",
                        )
                        if urgent and screen.path == "/"
                        else None,
                        href=screen.path,
                        aria_current="page" if screen is here else None,
                    ),
                )
                for screen in screens
            ],
        ),
        node(
            "div",
            node("span", "Signed in as ", node("b", node("bdi", view.grant.name))),
            node("span", f"Role: {view.grant.role}"),
            node("a", "Sign out", href="/logout"),
            css="who",
        ),
        css="rooms",
        aria_label="Rooms",
    )


def _notices(view: View) -> list[Node]:
    """What has to be known on every screen."""
    facts = view.facts
    said: list[Node] = []
    if facts.waiting:
        names = ", ".join(f"{kind} {subject}".strip() for kind, subject in facts.waiting[:4])
        said.append(
            banner(
                "warning",
                f"Written down, not carried out yet: {names}.",
                "The trading process looks at orders before each bar; while it does not run, they "
                "wait for its next start.",
            )
        )
    if facts.status is not None and facts.status.not_kept:
        said.append(
            banner(
                "warning",
                "The disk is nearly full: part of the record is hashed but not kept.",
                "; ".join(facts.status.not_kept),
            )
        )
    return said
