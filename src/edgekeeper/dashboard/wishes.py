"""Orders as a person gives them in the browser: who may, what they are asked, what is sent on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edgekeeper.api import Grant, Role
from edgekeeper.dashboard.parts import Ask, Choice, Tick, Tone
from edgekeeper.desk import Desk, Ordered
from edgekeeper.errors import EdgekeeperError, Refused, UsageError

__all__ = [
    "NEEDED",
    "Answer",
    "ask_adopt",
    "ask_alert",
    "ask_change",
    "ask_frozen",
    "ask_kill",
    "ask_line",
    "ask_package",
    "ask_resume",
    "carry_out",
]

NEEDED: dict[str, Role] = {
    "kill": "trade",
    "resume": "trade",
    "rearm": "trade",
    "approve": "admin",
    "promote": "admin",
    "demote": "admin",
    "rollback": "admin",
    "pin": "admin",
    "unpin": "admin",
    "retire": "admin",
    "refit": "admin",
    "freeze": "admin",
    "unfreeze": "admin",
    "acknowledge": "trade",
    "adopt": "admin",
    "answer": "admin",
}
"""Least role that may give an order."""

_OPTIONS: dict[str, dict[str, type]] = {
    "kill": {"flatten": bool},
    "promote": {"override": bool},
    "refit": {"window": str},
    "answer": {"answer": str},
}
_MOST_LETTERS = 500
_WAIT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a wish, for the person. ``keep``: the question stays open."""

    text: str
    tone: Tone
    keep: bool = False


def carry_out(desk: Desk, grant: Grant | None, wish: object) -> Answer:
    """Write a wish down as an order, if whoever has it may; it waits a while for the loop.

    Parameters
    ----------
    grant : Grant or None
        Of the session as it is now, not as it was when the page was opened.
    wish : object
        What the browser sent: ``kind, subject, reason, detail``. Nothing about it is believed.
    """
    try:
        kind, subject, reason, detail = _read(wish)
        if grant is None:
            return Answer("Your session has ended: sign in again. Nothing was ordered.", "danger")
        if not grant.may(NEEDED[kind]):
            raise Refused(
                f"Your role is {grant.role}; this takes {NEEDED[kind]}. Nothing was ordered."
            )
        if kind == "acknowledge":
            return _acknowledged(desk, grant, subject, reason)
        if kind == "answer":
            return _answered(desk, grant, subject, reason, str(detail.get("answer", "")))
        ordered = desk.order(
            kind, actor=grant.name, reason=reason, subject=subject, detail=detail,
            wait_seconds=_WAIT_SECONDS,
        )  # fmt: skip
    except EdgekeeperError as error:
        return Answer(_sentence(str(error)), "danger", keep=True)
    return _told(ordered)


def _acknowledged(desk: Desk, grant: Grant, rule: str, reason: str) -> Answer:
    many = desk.acknowledge(rule, actor=grant.name, reason=reason)
    alerts = "1 alert" if many == 1 else f"{many} alerts"
    return Answer(f"Written down: you have seen {alerts} of this rule.", "good")


def _answered(desk: Desk, grant: Grant, setting: str, reason: str, answer: str) -> Answer:
    desk.answer_change(setting, answer, actor=grant.name, reason=reason)
    return Answer(f"Written down: the change of {setting} is {answer}.", "good")


def _told(ordered: Ordered) -> Answer:
    if ordered.outcome is None:
        return Answer(_sentence(ordered.sentence), "warning")
    return Answer(_sentence(ordered.sentence), "danger" if ordered.refused else "good")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _read(wish: object) -> tuple[str, str, str, dict[str, Any]]:
    """Kind, subject, reason and options of a wish, or UsageError."""
    if not isinstance(wish, Mapping):
        raise UsageError("expected an order, got something else: reload the page")
    kind, subject, reason = (wish.get(name, "") for name in ("kind", "subject", "reason"))
    if not isinstance(kind, str) or kind not in NEEDED:
        raise UsageError("no such order: reload the page")
    if not isinstance(subject, str) or not isinstance(reason, str):
        raise UsageError("expected text for subject and reason: reload the page")
    if not reason.strip():
        raise UsageError("write a few words: every order is on record with its reason")
    if len(reason) > _MOST_LETTERS or len(subject) > _MOST_LETTERS:
        raise UsageError(f"expected at most {_MOST_LETTERS} letters, got {len(reason)}: be brief")
    given = wish.get("detail") or {}
    allowed = _OPTIONS.get(kind, {})
    detail = {
        name: value
        for name, value in (given.items() if isinstance(given, Mapping) else ())
        if name in allowed and isinstance(value, allowed[name]) and value
    }
    if kind in ("pin", "rollback") and isinstance(given, Mapping):
        package = given.get("package")
        subject = package if isinstance(package, str) and package else subject
    return kind, subject, " ".join(reason.split()), detail


def ask_kill() -> Ask:
    """What the kill switch asks."""
    return Ask(
        kind="kill",
        subject="",
        title="Stop all trading?",
        text=(
            "No new position is opened from now on, by models, rules or bots. Stops and targets of "
            "open positions stay in force. It stays stopped until a person resumes.",
        ),
        verb="Stop trading",
        danger=True,
        ticks=(Tick("flatten", "Also close all open positions at the next price"),),
    )


def ask_resume(cause: str) -> Ask:
    """What the way back asks."""
    return Ask(
        kind="resume",
        subject="",
        title="Let trading go on?",
        text=(
            f"The account was halted ({cause.replace('_', ' ') or 'cause unknown'}). From the next "
            "bar on, new positions may be opened again, within the limits.",
        ),
        verb="Resume trading",
    )


_LINE_ASKS: dict[str, tuple[str, str, str]] = {
    "demote": (
        "Send line {name} back to shadow?",
        "It stops trading at once and begins a new body of evidence; the fallback trades instead.",
        "Send to shadow",
    ),
    "retire": (
        "Retire line {name} for good?",
        "It stops trading and learning. A retired line does not come back; its record stays.",
        "Retire",
    ),
    "unpin": (
        "Let line {name} follow its refits again?",
        "From the next refit on, its newest accepted package is used.",
        "Unpin",
    ),
    "rearm": (
        "Let the model trade again?",
        "The pause ends and line {name} decides again from the next bar on.",
        "Re-arm the model",
    ),
}


def ask_line(kind: str, name: str, packages: list[tuple[str, str]]) -> Ask:
    """What an order about a line asks.

    Parameters
    ----------
    packages : list of (hash, words)
        That the line has used, the newest first.
    """
    if kind == "promote":
        return Ask(
            kind, name, f"Let line {name} trade although its evidence is not in?",
            (
                "It decides at most 10 % of the signals, is marked as promoted without evidence, "
                "and is watched for harm. A line whose evidence is in needs no order.",
            ),
            "Promote without evidence", danger=True,
            ticks=(Tick("override", "I know that its evidence is not in", required=True),),
        )  # fmt: skip
    if kind == "refit":
        options = (("", "as its recipe says"), ("recent", "recent bars"), ("full", "all bars"))
        return Ask(
            kind, name, f"Fit line {name} anew?",
            ("It is fitted at the next boundary and used if it passes its gates.",),
            "Ask for a refit", choices=(Choice("window", "Data", options),),
        )  # fmt: skip
    if kind == "rollback":
        return Ask(
            kind, name, f"Roll line {name} back?",
            ("It goes back to an earlier package and stays there until you unpin it.",),
            "Roll back",
            choices=(Choice("package", "Package", (("", "the one before"), *packages[1:])),),
        )  # fmt: skip
    if kind == "pin":
        return Ask(
            kind, name, f"Keep line {name} at one package?",
            ("Refits go on, but are not used until you unpin it.",),
            "Pin", choices=(Choice("package", "Package", (("", "its present one"), *packages)),),
        )  # fmt: skip
    title, text, verb = _LINE_ASKS[kind]
    return Ask(kind, name, title.format(name=name), (text.format(name=name),), verb,
               danger=kind in ("demote", "retire"))  # fmt: skip


def ask_package(package: str, line: str, why: str) -> Ask:
    """What the approval of a fit that is too good to be true asks."""
    return Ask(
        kind="approve",
        subject=package,
        title=f"Approve this fit of line {line}?",
        text=(
            f"It was held because: {why}.",
            "Look for a leak first: figures this good usually mean that the future was seen. An "
            "approved fit counts like any other.",
        ),
        verb="Approve the fit",
        danger=True,
        ticks=(Tick("looked", "I have looked for a leak", required=True),),
    )


def ask_alert(rule: str) -> Ask:
    """What the word that an alert was seen asks."""
    return Ask(
        kind="acknowledge",
        subject=rule,
        title="Have you seen to it?",
        text=(
            f"Alerts of the rule {rule.replace('_', ' ')} up to now leave the list. A new one "
            "comes back.",
        ),
        verb="Seen",
    )


def ask_change(setting: str) -> Ask:
    """What the answer to a proposed change of a setting asks."""
    return Ask(
        kind="answer",
        subject=setting,
        title=f"Should {setting} be changed?",
        text=(
            "Your answer and its reason go on record, and the proposal leaves the list. Nothing "
            "changes by itself: another value makes another recipe, which begins as a candidate.",
        ),
        verb="Write my answer down",
        choices=(Choice("answer", "Answer", (("declined", "no"), ("approved", "yes"))),),
    )


def ask_frozen(frozen: bool) -> Ask:
    """What is asked before lines are frozen, or let move again."""
    if frozen:
        return Ask(
            "unfreeze", "", "Let lines move again?",
            ("From the next boundary on, lines whose evidence is in move on, and accepted refits "
             "are used.",),
            "Unfreeze",
        )  # fmt: skip
    return Ask(
        "freeze", "", "Freeze all lines?",
        ("Nobody is promoted and no refit is used until you unfreeze. What trades goes on trading, "
         "and a line that does harm is still sent back.",),
        "Freeze",
    )  # fmt: skip


def ask_adopt(package: str, line: str) -> Ask:
    """What is asked before a package from elsewhere is used."""
    return Ask(
        "adopt", package, f"Go on with this package in line {line}?",
        (f"Package {package[:12]} was made elsewhere. It takes the place of a refit and inherits "
         "the evidence of its line: it has to be of the same recipe, and newer than the present "
         "one.", "`Roll back` returns to the one before."),
        "Adopt",
    )  # fmt: skip
