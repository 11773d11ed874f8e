"""How the loop moves a line's policy as its outcomes demand: within its recipe, or by a new line.

A change within the recipe's range counts from the next bar on, in the line's virtual book and
wherever the line decides. It rests on outcomes that were known before, so bets on the bars after
it stay fair, and the line keeps its evidence. A larger one is asked of a person: another recipe
has to earn its own.
"""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from edgekeeper.config import Config
from edgekeeper.errors import Refused
from edgekeeper.ledger import Transaction
from edgekeeper.rollout import PolicyLesson, Proposal, policy_of
from edgekeeper.rollout.line_policy import new_line, setting_of, with_settings
from edgekeeper.toml_text import toml_value

if TYPE_CHECKING:
    from edgekeeper.trade.obeying import Doing
    from edgekeeper.trade.roster import Roster

__all__ = ["APPLIED", "ASKED", "approve_change", "change_policies", "policies_to_learn"]

ASKED, APPLIED, APPROVED = "asked", "applied", "approved"
_KIND, _ACTOR = "parameter_change", "learn"


def policies_to_learn(roster: "Roster") -> dict[str, Config]:
    """What each line decides by that may change its policy now.

    None does while the account is halted or the run is frozen, and no line that is pinned, without
    a package, or retired.
    """
    if roster.frozen or roster.accounts.book("edgekeeper").halted:
        return {}
    return {
        name: seat.policy
        for name, seat in roster.seats.items()
        if seat.line.forecasts and seat.package is not None and not seat.pinned
    }


def change_policies(roster: "Roster", lessons: list[PolicyLesson], now_ns: int) -> None:
    """Apply what the recipes allow, ask for what they do not, once, and write both down."""
    rows: list[dict[str, Any]] = []
    for lesson in lessons:
        seat = roster.seats[lesson.line]
        recipe = policy_of(seat.config, roster.config)
        said = [replace(one, recipe=setting_of(recipe, one.setting)) for one in lesson.proposals]
        # What is asked for was compared with the policy from which a smaller change leads away.
        for one in sorted(said, key=lambda one: not one.needs_approval):
            if not one.needs_approval:
                roster.follow(seat, with_settings(seat.policy, {one.setting: one.proposed}))
                rows.append(_row(lesson, one, APPLIED, {}))
            elif one.id_for(lesson.line) not in roster.asked:
                new = new_line(seat.config, roster.config, seat.policy, one)
                roster.asked[one.id_for(lesson.line)] = (lesson.line, one, new)
                rows.append(_row(lesson, one, ASKED, {"new_line": new.name}))
    if not rows:
        return
    with roster.ledger.transaction("trade", event_time_ns=now_ns) as tx:
        _append(tx, now_ns, rows)
    for row in rows:
        told = f"{row['subject']}: {row['reason']}"
        roster.events.append((now_ns, f"policy {row['answer']}", told))


def _row(lesson: PolicyLesson, one: Proposal, answer: str, more: dict[str, Any]) -> dict[str, Any]:
    detail = {**one.record(lesson.line), "bars": lesson.bars, "tried": lesson.tried, **more}
    return {
        "subject": f"{lesson.line}: {one.setting}",
        "kind": _KIND,
        "answer": answer,
        "actor": _ACTOR,
        "reason": one.sentence,
        "detail_json": detail,
    }


def _append(tx: Transaction, now_ns: int, rows: list[dict[str, Any]]) -> None:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    tx.append("approvals", {"event_time_ns": now_ns, **columns})


def approve_change(do: "Doing") -> None:
    """Take a person's yes to a change that is too large for its line: it makes a new line.

    A run's lines are part of what it is, so the new one begins with another run; its section of the
    configuration is on record.
    """
    found = [
        (name, one)
        for name, one in do.roster.asked.items()
        if one is not None and name.startswith(do.order.subject)
    ]
    if len(found) != 1 or len(do.order.subject) < 6:
        raise Refused(
            f"expected a package or a change of a policy that waits for approval, got "
            f"{do.order.subject[:16]!r}: edgekeeper models list and edgekeeper review show them"
        )
    (id_, (name, proposal, recipe)), *_ = found
    do.roster.asked[id_] = None
    written = recipe.model_dump(mode="json", exclude_defaults=True) | {"learner": recipe.learner}
    section = "\n".join(
        ["[[lines]]", *(f"{key} = {toml_value(value)}" for key, value in written.items())]
    )
    row = {
        "subject": f"{name}: {proposal.setting}",
        "kind": _KIND,
        "answer": APPROVED,
        "actor": do.order.actor,
        "reason": do.order.reason,
        "detail_json": {**proposal.record(name), "new_line": recipe.name, "section": section},
    }
    _append(do.tx, do.now_ns, [row])
