"""Orders about the side-car's lines: who decides, with which package. They touch no evidence."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edgekeeper.errors import Refused, nearest
from edgekeeper.rollout import Stage
from edgekeeper.sidecar.books import BOT

if TYPE_CHECKING:
    from edgekeeper.sidecar.halts import Order
    from edgekeeper.sidecar.learning import Learning
    from edgekeeper.sidecar.lines import BotLine

__all__ = ["obey_line_order"]

Rows = list[dict[str, Any]]


def obey_line_order(learning: "Learning", order: "Order") -> Rows:
    """Carry an order out; return the rows that say so.

    Raises
    ------
    Refused
        The state does not allow it.
    """
    act = _ACTS.get(order.kind)
    if act is None:
        raise Refused(f"a side-car has no order {order.kind!r}{nearest(order.kind, _ACTS)}")
    return act(learning, order)


def _line(learning: "Learning", order: "Order") -> "tuple[BotLine, str | None]":
    """The line an order names, by its name or a package of its past; or the one that decides."""
    lines = learning.lines
    if not order.subject:
        if lines.champion == BOT:
            raise Refused(f"the bot decides now: name a line ({', '.join(lines.by_name)})")
        return lines.by_name[lines.champion], None
    if order.subject in lines.by_name:
        return lines.by_name[order.subject], None
    found = [
        (one, package)
        for one in lines.by_name.values()
        for package in one.history
        if len(order.subject) >= 6 and package.startswith(order.subject)
    ]
    if len(found) != 1:
        raise Refused(
            f"expected a line ({', '.join(lines.by_name)}) or a package that one of them has "
            f"used, got {order.subject[:80]!r}"
        )
    return found[0]


def _promote(learning: "Learning", order: "Order") -> Rows:
    one, _ = _line(learning, order)
    if not json.loads(order.detail).get("override"):
        raise Refused(
            f"line {one.name} is promoted by its evidence, when that is in; --override lets it "
            "decide at most 10 % of the signals without"
        )
    move = learning.lines.promotion(one, order.actor, order.reason)
    return learning.lines.move_rows(move, learning.days.latest_ns, order.actor)


def _demote(learning: "Learning", order: "Order") -> Rows:
    one, _ = _line(learning, order)
    move = learning.lines.descent(one, Stage.SHADOW, "stood down", order.reason)
    return learning.lines.move_rows(move, learning.days.latest_ns, order.actor)


def _retire(learning: "Learning", order: "Order") -> Rows:
    one, _ = _line(learning, order)
    move = learning.lines.descent(one, Stage.RETIRED, "retired", order.reason)
    return learning.lines.move_rows(move, learning.days.latest_ns, order.actor)


def _pin(learning: "Learning", order: "Order") -> Rows:
    one, package = _line(learning, order)
    if not one.line.package:
        raise Refused(f"line {one.name} has no package yet: there is nothing to pin")
    return [
        learning.use(
            one, package or one.line.package, said=order.reason, actor=order.actor,
            verdict="pinned", pinned=True,
        )
    ]  # fmt: skip


def _unpin(learning: "Learning", order: "Order") -> Rows:
    one, _ = _line(learning, order)
    if not one.pinned:
        raise Refused(f"line {one.name} is not pinned")
    return [
        learning.use(
            one, one.line.package, said=order.reason, actor=order.actor, verdict="unpinned",
            pinned=False,
        )
    ]  # fmt: skip


def _rollback(learning: "Learning", order: "Order") -> Rows:
    one, package = _line(learning, order)
    if package is None:
        place = one.history.index(one.line.package) if one.line.package else 0
        if place < 1:
            raise Refused(f"line {one.name} has had no package before its present one")
        package = one.history[place - 1]
    return [
        learning.use(
            one, package, said=order.reason, actor=order.actor, verdict="rolled back", pinned=True
        )
    ]


def _refit(learning: "Learning", order: "Order") -> Rows:
    one, _ = _line(learning, order)
    if one.name in learning.asked:
        raise Refused(f"a fit of line {one.name} is under way: wait for what becomes of it")
    learning.ask(one)
    return []


def _approve(learning: "Learning", order: "Order") -> Rows:
    for one in learning.lines.by_name.values():
        if one.held and order.subject and one.held.startswith(order.subject):
            held, one.held = one.held, ""
            return [learning.use(one, held, said=order.reason, actor=order.actor,
                                 verdict="approved")]  # fmt: skip
    raise Refused("expected a package that waits for approval")


def _freeze(learning: "Learning", order: "Order") -> Rows:
    """Promote nobody and swap nothing; retreats still happen. Kept by the order being on record."""
    learning.lines.frozen = True
    return []


def _unfreeze(learning: "Learning", order: "Order") -> Rows:
    if not learning.lines.frozen:
        raise Refused("nothing is frozen")
    learning.lines.frozen = False
    return []


_ACTS: "dict[str, Callable[[Learning, Order], Rows]]" = {
    "approve": _approve,
    "demote": _demote,
    "freeze": _freeze,
    "pin": _pin,
    "promote": _promote,
    "refit": _refit,
    "retire": _retire,
    "rollback": _rollback,
    "unfreeze": _unfreeze,
    "unpin": _unpin,
}
