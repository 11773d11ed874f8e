"""How the loop carries out what people order: always between two steps, always on record.

An order changes who trades or whether anyone does; it never touches evidence. What the state does
not allow is refused with the reason, and the refusal is on record as well.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgekeeper.config import REFIT_WINDOWS
from edgekeeper.errors import EdgekeeperError, Refused, nearest
from edgekeeper.ledger import Transaction
from edgekeeper.rollout import Move, Stage
from edgekeeper.trade.accounts import DOUBLE_COST
from edgekeeper.trade.answers import ADOPT, LEARN, NO_FIT, PASS_OVER, adopt, no_fit, pass_over
from edgekeeper.trade.orders import Order
from edgekeeper.trade.policy_changes import approve_change
from edgekeeper.trade.roster_record import write_move

if TYPE_CHECKING:
    from edgekeeper.trade.roster import Roster
    from edgekeeper.trade.seats import Seat

__all__ = ["DONE", "ORDERS", "obey"]

DONE = "done"
_MINE = "edgekeeper"


def obey(roster: "Roster", order: Order, after: int, now_ns: int) -> str:
    """Carry out an order after so many steps; return ``"done"`` or ``"refused: why"``."""
    moves: list[Move] = []
    guard = None
    with roster.ledger.transaction("trade", event_time_ns=now_ns, durable=True) as tx:
        try:
            act = (_ANSWERS if order.actor == LEARN else ORDERS).get(order.kind)
            if act is None:
                raise Refused(f"no such order: {order.kind!r}{nearest(order.kind, ORDERS)}")
            guard = act(Doing(roster, order, tx, moves, now_ns))
            outcome = DONE
        except EdgekeeperError as error:
            outcome = f"refused: {error}"
        if guard is not None:
            _write_guard(tx, order, guard, now_ns)
        for move in moves:
            write_move(tx, move, now_ns, order.actor)
        tx.append(
            "obeyed",
            {"event_time_ns": now_ns, "after": after, **order.columns(), "outcome": outcome},
        )
    if outcome == DONE:
        roster.events.append((now_ns, order.kind, f"{order.actor}: {order.kind} ({order.reason})"))
    return outcome


@dataclass(frozen=True, slots=True)
class Doing:
    """An order while it is carried out; what it moves is written with it, all or nothing."""

    roster: "Roster"
    order: Order
    tx: Transaction
    moves: list[Move]
    now_ns: int


def _write_guard(tx: Transaction, order: Order, event: str, now_ns: int) -> None:
    tx.append(
        "guards",
        {
            "event_time_ns": now_ns,
            "account": _MINE,
            "event": event,
            "cause": "operator",
            "detail": order.reason,
            "actor": order.actor,
        },
    )


def _kill(do: Doing) -> str:
    """Stop all entries; what waits for its open is not filled any more.

    With the option ``flatten`` each position is closed at its symbol's next open.
    """
    for name in (_MINE, _MINE + DOUBLE_COST):
        do.roster.accounts.book(name).halt(flatten=bool(do.order.detail.get("flatten")))
    return "halt"


def _resume(do: Doing) -> str:
    if not do.roster.accounts.book(_MINE).halted:
        raise Refused("the account is not halted: there is nothing to resume")
    do.roster.accounts.book(_MINE).resume()
    with suppress(Refused):  # at twice the costs there may be no money left: it stays halted
        do.roster.accounts.book(_MINE + DOUBLE_COST).resume()
    return "resume"


def _rearm(do: Doing) -> str:
    if not do.roster.accounts.book(_MINE).paused:
        raise Refused("the model is not paused: there is nothing to re-arm")
    for name in (_MINE, _MINE + DOUBLE_COST):
        do.roster.accounts.book(name).rearm()
    return "rearm"


def _freeze(do: Doing) -> None:
    """Promote nobody and swap nothing; retreats still happen."""
    do.roster.frozen = True


def _unfreeze(do: Doing) -> None:
    if not do.roster.frozen:
        raise Refused("nothing is frozen")
    do.roster.frozen = False


def _pin(do: Doing) -> None:
    """Keep a line at its package, or at the one named, whatever refits come."""
    seat, package = _seat_and_package(do.roster, do.order)
    if package is not None:
        do.roster.use(seat, package, do.now_ns, f"pinned by {do.order.actor}")
    if seat.package is None:
        raise Refused(f"line {seat.line.name} has no package yet: there is nothing to pin")
    seat.pinned = True


def _unpin(do: Doing) -> None:
    seat, _ = _seat_and_package(do.roster, do.order)
    if not seat.pinned:
        raise Refused(f"line {seat.line.name} is not pinned")
    seat.pinned = False


def _rollback(do: Doing) -> None:
    """Go back to the package before, or the one named, and stay there until unpinned."""
    seat, package = _seat_and_package(do.roster, do.order)
    line = seat.line
    if package is None:
        if len(seat.history) < 2:
            raise Refused(f"line {line.name} has had no package before its present one")
        package = seat.history[seat.history.index(line.package) - 1]
        if package == seat.history[-1]:
            raise Refused(f"line {line.name} is at its first package already")
    do.roster.use(seat, package, do.now_ns, f"rolled back by {do.order.actor}")
    seat.pinned = True


def _adopt(do: Doing) -> None:
    """Go on with a package that was made elsewhere, as with a refit: of the same recipe, and newer.

    It inherits the evidence of its line as any refit does, so it has to be one in everything: what
    it knows, how it learns, what it is asked, and that its gates let it in.
    """
    package = do.roster.registry.load(do.order.subject)
    made = package.manifest.provenance
    seat = do.roster.seats.get(made.lineage.line)
    if seat is None or seat.package is None:
        raise Refused(
            f"package {package.hash[:12]} is of line {made.lineage.line!r}, which has made no fit "
            f"here that it could follow ({', '.join(do.roster.seats)})"
        )
    if seat.line.stage is Stage.RETIRED or seat.pinned or do.roster.frozen:
        why = (
            "retired" if seat.line.stage is Stage.RETIRED else "pinned" if seat.pinned else "frozen"
        )
        raise Refused(f"line {seat.line.name} is {why}: no refit is used")
    present = seat.package.manifest
    for what, theirs, ours in (
        ("learner", package.manifest.learner, present.learner),
        ("features", dict(package.manifest.features), dict(present.features)),
        ("labels", dict(made.labels), dict(present.provenance.labels)),
    ):
        if theirs != ours:
            raise Refused(
                f"package {package.hash[:12]} is of another recipe than line {seat.line.name}: its "
                f"{what} differ, and evidence is never lent to another recipe"
            )
    if made.gates.get("outcome") != "accepted":
        raise Refused(f"package {package.hash[:12]} was not accepted by its gates")
    if not present.provenance.data.last < made.data.last <= do.now_ns:
        raise Refused(
            f"package {package.hash[:12]} knows nothing newer than the present one, or bars that "
            "have not come here yet"
        )
    do.roster.use(seat, package.hash, do.now_ns, f"adopted by {do.order.actor}")


def _approve(do: Doing) -> None:
    """Let a fit that was held as too good to be true count, or a change of a policy be made."""
    package = do.roster.package_on_record(do.order.subject, do.now_ns)
    if package is None or package["verdict"] != "needs_approval":
        approve_change(do)
        return
    seat = do.roster.seats[package["line"]]
    if seat.line.stage is Stage.RETIRED:
        raise Refused(f"line {seat.line.name} is retired")
    do.roster.use(seat, package["hash"], do.now_ns, f"approved by {do.order.actor}")
    if seat.line.stage is Stage.CANDIDATE:
        do.roster.register(seat, do.now_ns, do.tx)


def _promote(do: Doing) -> None:
    """Let a line trade a tenth of the signals although its evidence is not in; marked as such."""
    seat, _ = _seat_and_package(do.roster, do.order)
    if not do.order.detail.get("override"):
        raise Refused(
            f"line {seat.line.name} is promoted by its evidence, when that is in; "
            "--override lets it trade at most 10 % of the signals without"
        )
    do.moves.append(do.roster.promote_without_evidence(seat, do.order, do.now_ns))


def _retire(do: Doing) -> None:
    seat, _ = _seat_and_package(do.roster, do.order)
    do.moves.append(do.roster.send(seat, Stage.RETIRED, "retired", do.order.reason, do.now_ns))


def _demote(do: Doing) -> None:
    seat, _ = _seat_and_package(do.roster, do.order)
    do.moves.append(do.roster.send(seat, Stage.SHADOW, "stood down", do.order.reason, do.now_ns))


def _refit(do: Doing) -> None:
    """Ask for a refit: at the next boundary, or of another process, at once."""
    seat, _ = _seat_and_package(do.roster, do.order)
    if seat.line.name in do.roster.under_way:
        raise Refused(f"a fit of line {seat.line.name} is under way: wait for what becomes of it")
    window = do.order.detail.get("window", "")
    if window not in REFIT_WINDOWS:
        raise Refused(f"expected a window of {', '.join(REFIT_WINDOWS[1:])}, got {window!r}")
    do.roster.refits_asked[seat.line.name] = do.order.detail


def _seat_and_package(roster: "Roster", order: Order) -> "tuple[Seat, str | None]":
    """The line that an order names, by its name or by a package of its past; or the champion."""
    if not order.subject:
        if roster.champion is None:
            raise Refused("no line trades now: name one")
        return roster.seats[roster.champion], None
    if order.subject in roster.seats:
        return roster.seats[order.subject], None
    found = [
        (seat, package)
        for seat in roster.seats.values()
        for package in dict.fromkeys(seat.history)
        if len(order.subject) >= 6 and package.startswith(order.subject)
    ]
    if len(found) != 1:
        raise Refused(
            f"expected a line ({', '.join(roster.seats)}) or a package that one of them has used, "
            f"got {order.subject!r}"
        )
    return found[0]


Act = Callable[[Doing], str | None]
ORDERS: dict[str, Act] = {
    "adopt": _adopt,
    "approve": _approve,
    "demote": _demote,
    "freeze": _freeze,
    "kill": _kill,
    "pin": _pin,
    "promote": _promote,
    "rearm": _rearm,
    "refit": _refit,
    "resume": _resume,
    "retire": _retire,
    "rollback": _rollback,
    "unfreeze": _unfreeze,
    "unpin": _unpin,
}
"""What people may order, and how it is done."""

_ANSWERS: dict[str, Act] = {ADOPT: adopt, NO_FIT: no_fit, PASS_OVER: pass_over}
