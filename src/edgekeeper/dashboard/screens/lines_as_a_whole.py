"""What may be ordered of all lines at once, and packages from elsewhere that wait for a person."""

from edgekeeper.dashboard.nodes import Element, Node, node
from edgekeeper.dashboard.parts import Column, ask_button, banner, card, table
from edgekeeper.dashboard.view import View
from edgekeeper.dashboard.wishes import ask_adopt, ask_frozen
from edgekeeper.report.wording import day

__all__ = ["arrivals", "frozen_lines"]


def frozen_lines(view: View) -> list[Node]:
    """Say that lines are frozen, or offer to freeze them."""
    frozen = view.facts.frozen
    may = view.may_order("unfreeze" if frozen else "freeze")
    acts = [ask_button(ask_frozen(frozen))] if may else []
    if frozen:
        said = "Nobody is promoted and no refit is used; harm still sends a line back."
        return [banner("info", "All lines are frozen.", said, *acts)]
    return [node("p", *acts)] if acts else []


def arrivals(view: View) -> Element | None:
    """Draw packages that were pushed here; None where there are none."""
    found = view.shelf.get("arrived", view.stamp, view.desk.arrived) if view.facts.live else ()
    if not found:
        return None
    may = view.may_order("adopt")
    heads = (
        Column("Package"), Column("Line"), Column("Learner"), Column("Has seen bars until", "t"),
        Column("", "act"),
    )  # fmt: skip
    rows: list[list[Node]] = [
        [
            node("code", one.hash[:12], title=one.hash),
            node("bdi", one.line),
            one.learner,
            f"{day(one.last_ns, minutes=True)} UTC",
            ask_button(ask_adopt(one.hash, one.line), css="small") if may else "",
        ]
        for one in found
    ]
    label = "Packages from elsewhere, the newest first"
    return card("From elsewhere", table(heads, rows, label=label, flow=False), css="flush",
                note="verified when they came; used once a person adopts them")  # fmt: skip
