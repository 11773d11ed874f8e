"""Answers to questions, for a small screen: the plain sentence first, figures after it."""

import math
from collections.abc import Callable, Iterator

from edgekeeper.desk import Desk, LineStatus, RunStatus
from edgekeeper.errors import EdgekeeperError, UsageError
from edgekeeper.report.wording import MISSING, became, day, number, percent, signed

__all__ = ["ANSWERS", "answer"]

_ACCOUNT, _RULES = "edgekeeper", "rules"
_OF_BOTS = ("ml_status", "models")
_FITS = 5
_TASKS = 5
_SHORT = 12


def answer(desk: Desk, name: str, rest: str) -> str:
    """Return the answer to a question; what cannot be answered says why."""
    try:
        bots = _bots(desk)
        if desk.begun:
            told = ANSWERS[name](desk, rest)
            return f"{told}\n\n{bots}" if bots and name in _OF_BOTS else told
        if bots and name in _OF_BOTS:
            return bots
        return "Nothing trades here by itself." if bots else "There is no run here yet."
    except EdgekeeperError as error:
        return f"That cannot be answered: {error}"


def _bots(desk: Desk) -> str:
    """Where the side-car stands, in some lines; empty: no bot has ever sent anything."""
    try:
        state = desk.sidecar()
    except UsageError:  # there is no record yet
        return ""
    if state is None:
        return ""
    who = "the bot itself" if state.decides == "bot" else f"line {state.decides}"
    halted = f" Signals are halted ({state.halted})." if state.halted else ""
    lines = [
        f"Bots: {state.signals:,} signals, {state.outcomes:,} outcomes; {who} decides "
        f"(mode {state.mode}).{halted}"
    ]
    lines += [
        f"{line.name}: {line.stage}, evidence {became(line.evidence)} of "
        f"{number(line.needed, 0)}, {percent(line.share, 0)} of the signals"
        for line in state.lines
    ]
    return "\n".join(lines)


def _ml_status(desk: Desk, rest: str) -> str:
    state = desk.status()
    who = _who(state)
    lines = [f"{_standing(state)} {who[0].upper()}{who[1:]}."]
    lines.append(
        f"Equity {number(state.equity)} {state.currency} "
        f"({signed(state.equity / state.start_equity - 1.0)} since the start), "
        f"{percent(state.gross_exposure)} of it at work."
    )
    lines += _lives(desk)
    if state.last_bar_ns is not None:
        lines.append(f"Last bar: {day(state.last_bar_ns)}.")
    lines += [f"{line.name}: {_evidence(line)}" for line in state.lines]
    tasks = desk.to_do()
    if tasks:
        lines += ["", f"Waiting for you: {len(tasks)}"]
        lines += [f"• {task.text}" for task in tasks[:_TASKS]]
    return "\n".join(lines)


def _who(state: RunStatus) -> str:
    if state.champion:
        return f"line {state.champion} decides"
    fallbacks = {"rules": "the rules decide", "cash": "nothing is bought (fallback: cash)"}
    return fallbacks.get(state.fallback, "the bot decides")


def _standing(state: RunStatus) -> str:
    if state.halted_ns is not None:
        return f"The account is halted ({state.halt_cause}, {state.standing})."
    if state.paused_ns is not None:
        return f"The model is paused ({state.pause_cause})."
    return "Trading."


def _lives(desk: Desk) -> Iterator[str]:
    beat = desk.beats().get("trade")
    if beat is None or beat.state in ("stopped", "failed") or not beat.runs:
        yield "The trading loop does not run now."


def _evidence(line: LineStatus) -> str:
    """A line's stage, and how far its evidence is."""
    if line.stage != "shadow" or not math.isfinite(line.evidence):
        return f"{line.stage} ({line.reason})"
    return f"{line.stage}, evidence {became(line.evidence)} of {number(line.needed, 0)}"


def _models(desk: Desk, rest: str) -> str:
    state, models = desk.status(), desk.models()
    trading = [line.name for line in state.lines if line.stage == "production"]
    lines = [f"Line {trading[0]} trades." if trading else "No line trades; the fallback does."]
    lines += [f"{line.name} ({line.learner}): {_evidence(line)}" for line in state.lines]
    held = [fit for fit in models.fits if fit.verdict == "needs_approval"]
    lines += [f"Waits for /approve {fit.hash[:_SHORT]}" for fit in held]
    if models.fits:
        lines += ["", "Newest fits:"]
    for fit in reversed(models.fits[-_FITS:]):
        auc = fit.metrics.get("hold_out_auc", math.nan)
        said = fit.verdict.replace("_", " ")
        lines.append(
            f"{fit.hash[:_SHORT]} {fit.line} {fit.number}, {day(models.fitted_at_ns[fit.hash])}: "
            f"{said}, AUC {number(float(auc), 3)}, {models.standings[fit.hash]}"
        )
    return "\n".join(lines)


def _drift(desk: Desk, rest: str) -> str:
    lines = []
    if desk.acts.drift is not None:
        found = desk.acts.drift(desk.folder)
        lines.append(str(found.get("sentence") or "Nothing could be compared yet."))
    asked = desk.rows("refit_requests", limit=3)
    for row in asked.iter_rows(named=True):
        lines.append(f"{day(row['event_time_ns'])}, line {row['line']}: {row['sentence']}")
    if not lines:
        return "No drift is on record: no refit was asked for because something changed."
    if desk.acts.drift is None:
        lines.insert(0, "Refits that were asked for because something changed:")
    return "\n".join(lines)


def _why(desk: Desk, rest: str) -> str:
    if not rest:
        symbols = ", ".join(desk.status().symbols[:20])
        return f"Which symbol? Such as /why {symbols.partition(',')[0]} (known: {symbols})."
    symbol = rest if rest in desk.status().symbols else rest.upper()
    found = desk.why(symbol)
    lines = [found.sentence]
    lines += [f"{'yes' if passed else 'no'}: {question}" for question, passed in found.steps]
    if found.forecast is not None:
        lines += [f"{name.replace('_', ' ')}: {number(value, 4)}"
                  for name, value in found.forecast.items()]  # fmt: skip
    return "\n".join(lines)


def _positions(desk: Desk, rest: str) -> str:
    held = desk.positions()
    if not held:
        return "Nothing is held."
    lines = [f"{len(held)} position{'' if len(held) == 1 else 's'} held:"]
    for one in held:
        lines.append(
            f"{one.symbol} {one.side} {one.quantity:,.6g} at {one.entry_price:,.6g} since "
            f"{day(one.since_ns)}, stop {_price(one.stop)}, target {_price(one.target)}"
        )
    return "\n".join(lines)


def _price(value: float | None) -> str:
    return MISSING if value is None else f"{value:,.6g}"


def _performance(desk: Desk, rest: str) -> str:
    lines = [f"Since the start, after costs; {_who(desk.status())} now:"]
    for account, who in ((_ACCOUNT, "Edgekeeper"), (_RULES, "the rules alone")):
        earned = desk.earnings(account)
        trades = earned.trades
        lines.append(
            f"{who}: {signed(earned.total_return)}, deepest fall {percent(earned.max_drawdown)}, "
            f"{trades.trades} trades, {percent(trades.win_rate, 0)} won, "
            f"{signed(trades.mean_return, 2)} each"
        )
    return "\n".join(lines)


ANSWERS: dict[str, Callable[[Desk, str], str]] = {
    "ml_status": _ml_status,
    "models": _models,
    "drift": _drift,
    "why": _why,
    "positions": _positions,
    "performance": _performance,
}
"""Answers by the name of their command."""
