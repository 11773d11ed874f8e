"""What stands where something that takes seconds is not there yet, or is of an earlier state."""

import time
from collections.abc import Callable

from edgekeeper.dashboard.nodes import Node, node
from edgekeeper.dashboard.parts.card import card
from edgekeeper.dashboard.parts.empty_state import empty_state
from edgekeeper.dashboard.parts.heading import heading
from edgekeeper.desk.slowly import Found
from edgekeeper.report.wording import duration

__all__ = ["age_note", "unless_waiting"]


def unless_waiting(found: Found, name: str, draw: Callable[[], list[Node]]) -> list[Node]:
    """Draw what was found; until then say that it is being worked out, or why it cannot be.

    Parameters
    ----------
    name : str
        Of the screen.
    """
    if found.value is not None:
        return draw()
    if found.trouble:
        nothing = empty_state("It could not be worked out.", found.trouble, sign="info")
        return [heading("There is nothing to show yet.", kicker=name), card(name, nothing)]
    wait = empty_state(
        "A few seconds, please.", "The whole record is gone over. The page shows it by itself."
    )
    return [heading("This is being worked out.", kicker=name), card(name, wait)]


def age_note(found: Found) -> Node:
    """Say how old a result is, where the record has gone on since."""
    if found.working:
        return node("p", "A newer state is being worked out.", css="soft")
    taken = duration(found.took_seconds)
    when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(found.at_seconds))
    return node("p", f"Worked out in {taken}, at {when} UTC.", css="soft")
