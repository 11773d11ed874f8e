"""The questions a signal is asked, in order, until one decides; each answered in words."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from edgekeeper.config import SidecarConfig
from edgekeeper.sidecar.messages import ForecastOut

__all__ = ["Asked", "Decided", "Opinion", "decide", "dice"]

Decision = Literal["take", "reduce", "skip"]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one line says of a signal.

    Attributes
    ----------
    forecast : ForecastOut
    size : float
        Share of the usual stake it would give; 1 where it abstains, since then the bot decides.
    reasons : tuple of str
        Its questions and answers, the last one decided.
    share : float
        Of the signals that the line decides at its stage.
    abstains : bool
    """

    line: str
    package: str
    forecast: ForecastOut
    size: float
    reasons: tuple[str, ...]
    share: float = 0.0
    abstains: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known when a signal is decided.

    Attributes
    ----------
    halted : str
        Why nothing trades now; empty: no halt.
    age_seconds : float
        Since the signal's time, by this machine's clock.
    opinions : tuple of Opinion
    bars : bool
        Whether bars will show its outcome, traded or not.
    """

    id: str
    halted: str
    age_seconds: float
    opinions: tuple[Opinion, ...] = ()
    bars: bool = False


@dataclass(frozen=True, slots=True)
class Decided:
    """An answer in the making.

    Attributes
    ----------
    opinion : Opinion or None
        Of the line that decided, or else of the one that is shown.
    counted : bool
        Whether it was decided on its merits.
    chance : float or None
        Probability, before the dice by its id, that the answer tells the bot to trade, or that
        the outcome comes to be known anyway.
    """

    decision: Decision
    size: float
    reasons: tuple[str, ...]
    opinion: Opinion | None = None
    halted: bool = False
    explored: bool = False
    counted: bool = True
    chance: float | None = 1.0


def dice(purpose: str, id: str) -> float:
    """Return a number from 0 to 1 that a signal's id decides, and nothing else.

    Examples
    --------
    >>> dice("explore", "a") == dice("explore", "a") != dice("explore", "b")
    True
    """
    raw = hashlib.sha256(f"{purpose}:{id}".encode()).digest()
    return int.from_bytes(raw[:8], "big") / 2.0**64


def decide(asked: Asked, settings: SidecarConfig) -> Decided:
    """Answer a signal.

    Examples
    --------
    >>> decide(Asked("a", "", 1.0), SidecarConfig()).reasons[-1]
    'no model has earned its place: the bot decides'
    >>> decide(Asked("a", "news (Ann)", 1.0), SidecarConfig()).size
    0.0
    """
    shown = _shown(asked.opinions)
    refused = _refused(asked, settings)
    if refused is not None:
        halted = bool(asked.halted)
        return Decided("skip", 0.0, (refused,), shown, halted, counted=False, chance=None)
    reasons: tuple[str, ...] = ("no halt is in force", f"it came {_age(asked.age_seconds)}")
    arms = [one for one in asked.opinions if one.share > 0.0]
    if not arms:
        reasons += ("no model has earned its place: the bot decides",)
        return Decided("take", 1.0, reasons, shown)
    chance = _chance(arms, asked, settings)
    deciding = next((one for one in arms if dice(f"share {one.line}", asked.id) < one.share), None)
    if deciding is None:
        left = " and ".join(f"{one.line} decides {100 * one.share:.0f} %" for one in arms)
        reasons += (f"line {left} of the signals so far, and this one is left to the bot",)
        return Decided("take", 1.0, reasons, shown, chance=chance)
    reasons += (f"line {deciding.line} decides", *deciding.reasons)
    size = deciding.size
    if settings.mode == "observe":
        if size < 1.0:
            reasons += (f"but the mode is observe: the bot decides, not {_named(size)}",)
        return Decided("take", 1.0, reasons, deciding, chance=chance)
    explored = (
        size == 0.0
        and settings.mode == "enforce"
        and not asked.bars
        and dice("explore", asked.id) < settings.explore
    )
    if explored:
        reasons += (
            f"explored: {settings.explore:.0%} of the skips trade, so that one learns what a skip "
            "would have brought".replace("%", " %"),
        )
        return Decided("take", 1.0, reasons, deciding, explored=True, chance=chance)
    return Decided(_named(size), size, reasons, deciding, chance=chance)


def _refused(asked: Asked, settings: SidecarConfig) -> str | None:
    """Why nothing trades on it, whatever a model says."""
    if asked.halted:
        return f"halted: {asked.halted}; nothing trades until a person resumes"
    if asked.age_seconds > settings.max_age_seconds:
        return (
            f"it came {_age(asked.age_seconds)}, which is too late to trade on: "
            f"{settings.max_age_seconds:g} s are allowed"
        )
    if -asked.age_seconds > settings.max_ahead_seconds:
        return (
            f"its time is {-asked.age_seconds:.0f} s ahead of this machine's clock: "
            f"{settings.max_ahead_seconds:g} s are allowed, check both clocks"
        )
    return None


def _shown(opinions: tuple[Opinion, ...]) -> Opinion | None:
    """The line whose forecast goes with the answer: who decides, else the first that has one."""
    for one in opinions:
        if one.share > 0.0:
            return one
    return next((one for one in opinions if not one.abstains), None)


def _chance(arms: list[Opinion], asked: Asked, settings: SidecarConfig) -> float:
    """Probability that its outcome comes to be known, over the dice of its id."""
    if settings.mode == "observe" or asked.bars:
        return 1.0
    explored = settings.explore if settings.mode == "enforce" else 0.0
    known, left = 0.0, 1.0
    for one in arms:
        known += left * one.share * (1.0 if one.size > 0.0 else explored)
        left *= 1.0 - one.share
    return known + left


def _named(size: float) -> Decision:
    if size <= 0.0:
        return "skip"
    return "take" if size >= 1.0 else "reduce"


def _age(seconds: float) -> str:
    if seconds < 0.0:
        return f"{-seconds:.1f} s before its time"
    return f"{seconds:.1f} s after its time"
