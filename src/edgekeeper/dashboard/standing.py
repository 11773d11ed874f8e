"""Where a run stands, in one plain sentence."""

from dataclasses import dataclass

from edgekeeper.dashboard.facts import Facts
from edgekeeper.dashboard.parts import Tone
from edgekeeper.desk import LineStatus, RunStatus
from edgekeeper.desk.sidecar_status import SidecarStatus
from edgekeeper.report.wording import day

__all__ = ["Standing", "who_trades"]


@dataclass(frozen=True, slots=True)
class Standing:
    """One sentence, one more, and the same in a word or two.

    Attributes
    ----------
    tone : str
        How it is meant.
    """

    sentence: str
    under: str
    word: str
    tone: Tone


_FALLBACK = {
    "rules": "The rules trade",
    "cash": "Nothing is traded",
    "follow_bot": "The bot trades as it likes",
}


def who_trades(facts: Facts) -> Standing:
    """Say who trades now and why, or why nobody does."""
    state = facts.status
    if facts.trouble:
        return Standing("The record cannot be shown now.", "", "No view of the run", "danger")
    if state is None and facts.sidecar is not None:
        return _beside_a_bot(facts.sidecar)
    if state is None:
        return Standing(
            "No run has begun here yet.",
            "As soon as one begins, this page fills by itself.",
            "No run yet",
            "quiet",
        )
    if state.halted_ns is not None:
        return _halted(state)
    if not facts.live:
        return _replayed(state)
    if not facts.trades:
        return _asleep(facts, state)
    return _running(state)


def _beside_a_bot(state: SidecarStatus) -> Standing:
    if state.halted:
        return Standing(
            "Bots are told to skip every signal until a person resumes.",
            f"Halted: {state.halted}.",
            "Stopped",
            "danger",
        )
    told = {
        "observe": "Signals of bots are watched; the bots do as they like.",
        "advise": "Bots are advised about their signals.",
        "enforce": "Bots are told which signals to trade.",
    }.get(state.mode, "Signals of bots are answered.")
    under = "No model has earned its place for these signals yet: it takes outcomes."
    if state.decides != "bot":
        under = f"Line {state.decides} decides: it has earned its place."
    return Standing(told, under, f"Side-car: {state.mode or 'on'}", "info")


def _halted(state: RunStatus) -> Standing:
    left = " Positions are still open." if state.standing == "REDUCING" else ""
    return Standing(
        "Trading is stopped: no new position is opened until a person says so.",
        f"Halted since {day(state.halted_ns, minutes=True)} UTC "
        f"({_cause(state.halt_cause)}).{left} Find out why before you resume.",
        "Stopped",
        "danger",
    )


def _replayed(state: RunStatus) -> Standing:
    running = _running(state)
    return Standing(
        f"This is a replay of the past, up to {day(state.last_bar_ns)}. At its end: "
        f"{running.sentence[0].lower()}{running.sentence[1:]}",
        "A replay takes no orders; everything else can be looked at.",
        "Replay",
        "info",
    )


def _asleep(facts: Facts, state: RunStatus) -> Standing:
    how = {
        "stopped": "It was stopped on purpose.",
        "failed": "It ended with an error: the log says which.",
        "silent": "It gives no sign of life: it may have been killed.",
    }.get(facts.lives.get("trade", ""), "It has given no sign of life.")
    tone: Tone = "info" if facts.lives.get("trade") == "stopped" else "danger"
    return Standing(
        "Nothing is traded now: the trading process is not running.",
        f"{how} What you see is where it stood on {day(state.last_bar_ns, minutes=True)} UTC. "
        "Orders are written down and carried out when it starts again.",
        "Not running",
        tone,
    )


def _running(state: RunStatus) -> Standing:
    fallback = _FALLBACK.get(state.fallback, "The fallback trades")
    if state.champion is not None and state.paused_ns is not None:
        return Standing(
            f"{fallback} while the model is paused.",
            f"Line {state.champion} was paused on {day(state.paused_ns, minutes=True)} UTC "
            f"({_cause(state.pause_cause)}). Re-arm it once you know why.",
            "Model paused",
            "warning",
        )
    if state.champion is not None:
        since = next(line.since_ns for line in state.lines if line.name == state.champion)
        return Standing(
            f"The model of line {state.champion} trades: it has earned its place.",
            f"Champion since {day(since)}. It steps back by itself if it earns clearly less than "
            "before its promotion.",
            "Model trades",
            "good",
        )
    tried = [line for line in state.lines if line.stage == "ab_test"]
    if tried:
        return Standing(
            f"Line {tried[0].name} decides a share of the signals; {fallback.lower()} otherwise.",
            f"A/B test: {tried[0].reason}.",
            "Model on trial",
            "info",
        )
    none = f"{fallback}. No model has earned its place yet."
    return Standing(none, _waiting(state), "No model trades", "quiet")


def _waiting(state: RunStatus) -> str:
    shadow = [line for line in state.lines if line.stage == "shadow"]
    if shadow:
        names = " and ".join(line.name for line in shadow)
        who = f"Line {names} is" if len(shadow) == 1 else f"Lines {names} are"
        return f"{who} gathering evidence in shadow, at no risk. {_soonest(shadow)}"
    if any(line.stage == "candidate" for line in state.lines):
        return "A first fit has to pass its gates before evidence can be gathered."
    return "All lines are retired: no evidence is being gathered."


def _soonest(shadow: list[LineStatus]) -> str:
    dates = [
        (line.expected.expected_ns, line.name)
        for line in shadow
        if line.expected is not None and line.expected.expected_ns is not None
    ]
    if not dates:
        return "At this pace none is expected to get there in time."
    when, name = min(dates)
    return f"{name} may have it around {day(when)}."


def _cause(cause: str) -> str:
    return cause.replace("_", " ") or "cause unknown"
