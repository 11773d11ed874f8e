"""Commands as people type them, and what each means."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgekeeper.chat.confirming import Wish
from edgekeeper.errors import UsageError, nearest

__all__ = ["ORDERS", "QUESTIONS", "OrderCommand", "Said", "help_text", "read_command", "wish_of"]

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@(\w+))?(?:\s+(.*))?$", re.DOTALL)
_PACKAGE = re.compile(r"[0-9a-f]{6,64}$")
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Said:
    """A command.

    Attributes
    ----------
    name : str
        In small letters, without its slash.
    rest : str
        What came after it.
    """

    name: str
    rest: str


@dataclass(frozen=True, slots=True)
class OrderCommand:
    """A command that changes something.

    Attributes
    ----------
    kind : str
        Of order.
    usage, help : str
    sentence : str
        What would be done, ``{0}`` being the line or package, in words.
    subject : {"none", "optional", "required"}
    detail : mapping
    """

    kind: str
    usage: str
    help: str
    sentence: str
    subject: str = "none"
    detail: Mapping[str, Any] | None = None


QUESTIONS: dict[str, tuple[str, str]] = {
    "ml_status": ("", "where the run stands, and what waits for you"),
    "models": ("", "lines, their stages and newest fits"),
    "drift": ("", "whether the market is still the one that was learned from"),
    "why": ("SYMBOL", "why the last decision on a symbol was taken"),
    "positions": ("", "what is held now"),
    "performance": ("", "money and trades so far, beside the rules alone"),
    "help": ("", "this list"),
}
"""Commands that only ask: arguments and help by name."""

_CHAMPION = "the line that trades"

ORDERS: dict[str, OrderCommand] = {
    "retrain": OrderCommand(
        "refit", "[LINE] [REASON]", "fit a line anew",
        "Fit {0} anew. It is used only if it passes its gates.", "optional",
    ),
    "promote": OrderCommand(
        "promote", "LINE [REASON]", "let a line trade before its evidence is in",
        "Let {0} decide a tenth of the signals at most although its evidence is not in. It is "
        "marked as such wherever it shows.", "required", {"override": True},
    ),
    "rollback": OrderCommand(
        "rollback", "[LINE|PACKAGE] [REASON]", "go back to the package before",
        "Take {0} back to the package before, and keep it there until somebody unpins it.",
        "optional",
    ),
    "approve": OrderCommand(
        "approve", "PACKAGE|CHANGE [REASON]", "let a held fit count, or a policy be changed",
        "Say yes to {0}. A fit that was held is too good to be true: most such have seen the "
        "future. A change of a policy becomes a line of its own, with another run.", "required",
    ),
    "kill": OrderCommand(
        "kill", "[REASON]", "halt the account",
        "Halt the account: no new order until a person resumes. Positions keep their stops and "
        "targets.",
    ),
    "resume": OrderCommand(
        "resume", "[REASON]", "lift a halt",
        "Lift the halt: the account trades again. Drawdown is measured afresh from here.",
    ),
}  # fmt: skip
"""Commands that change something, by name."""


def read_command(text: str, bot: str = "") -> Said | None:
    """Return the command in a message; None: it is none, or for another bot.

    Examples
    --------
    >>> read_command("/why@keeperbot BTC/USD", "keeperbot")
    Said(name='why', rest='BTC/USD')
    >>> read_command("hello") is None, read_command("/help@otherbot", "keeperbot") is None
    (True, True)
    """
    found = _COMMAND.match(text.strip())
    if found is None:
        return None
    name, other, rest = found.groups()
    if other and bot and other.lower() != bot.lower():
        return None
    return Said(name.lower(), " ".join((rest or "").split()))


def wish_of(said: Said, lines: Callable[[], Sequence[str]]) -> Wish:
    """Return what an order command asks for.

    Parameters
    ----------
    said : Said
        One of :data:`ORDERS`.
    lines : callable
        Returns the names of the lines.

    Raises
    ------
    UsageError
        Something has to be named and is not, or is not known.
    """
    command = ORDERS[said.name]
    first, _, rest = said.rest.partition(" ")
    subject, reason = "", said.rest
    if command.subject != "none":
        subject, reason = _subject(said.name, command, first, rest, lines())
    what = f"line {subject}" if subject else _CHAMPION
    if command.kind == "approve" or (subject and _PACKAGE.match(subject)):
        what = subject[:16]
    return Wish(
        said.name,
        command.kind,
        subject,
        command.sentence.format(what),
        reason[:_LONGEST_REASON],
        dict(command.detail or {}),
    )


def _subject(
    name: str, command: OrderCommand, first: str, rest: str, lines: Sequence[str]
) -> tuple[str, str]:
    """Which line or package is meant, and the words after it."""
    packages = command.kind in ("approve", "rollback")
    if first in lines and command.kind != "approve":
        return first, rest
    if packages and _PACKAGE.match(first):
        return first, rest
    if command.subject == "required":
        known = (
            "the first digits of a package, as /models shows them"
            if command.kind == "approve"
            else f"a line ({', '.join(lines) or 'none yet'}){nearest(first, lines)}"
        )
        raise UsageError(f"/{name} {command.usage}: expected {known}")
    return "", f"{first} {rest}".strip()


def help_text() -> str:
    """Return the list of commands."""
    asked = [f"/{name} {usage}".rstrip() + f": {told}" for name, (usage, told) in QUESTIONS.items()]
    orders = [f"/{name} {order.usage}: {order.help}" for name, order in ORDERS.items()]
    return "\n".join(["Ask:", *asked, "", "Order (you are asked why, and once more):", *orders])
