"""How the loop takes what a learner in another process leaves: each answer is a fact on record.

A fit that is made elsewhere ends when it ends. Which fit was used from when on is therefore
written into the chain of ``trade``, in the form of an order of ``learn``, and lived again from
there.
"""

from typing import TYPE_CHECKING, Any

from edgekeeper.errors import Refused

if TYPE_CHECKING:
    from edgekeeper.trade.obeying import Doing

__all__ = ["ADOPT", "LEARN", "NO_FIT", "PASS_OVER", "adopt", "no_fit", "pass_over"]

LEARN = "learn"
"""Who answers."""

ADOPT, PASS_OVER, NO_FIT = "adopt", "pass_over", "no_fit"


def adopt(do: "Doing") -> None:
    """Take the oldest fit on record that was not taken yet, as at a boundary."""
    row = _next(do)
    do.roster.take_fit(row, do.now_ns, do.tx)
    do.roster.under_way.discard(row["line"])


def pass_over(do: "Doing") -> None:
    """Leave the oldest fit that was not taken yet: it cannot be loaded."""
    row = _next(do)
    do.roster.leave_fit(row)
    do.roster.under_way.discard(row["line"])


def no_fit(do: "Doing") -> None:
    """Note that a fit which was asked for will not come."""
    do.roster.under_way.discard(do.order.subject)


def _next(do: "Doing") -> dict[str, Any]:
    waiting = do.roster.fits_waiting()
    if not waiting or waiting[0]["hash"] != do.order.subject:
        found = waiting[0]["hash"][:12] if waiting else "none"
        raise Refused(
            f"expected fit {do.order.subject[:12]} to be the next on record, found {found}: the "
            "record of learn was changed, or cut off"
        )
    return waiting[0]
