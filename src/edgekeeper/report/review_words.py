"""A review in words: what to decide, what to do, then how it went."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from edgekeeper.report.axis import percent_ticks
from edgekeeper.report.balance import Balance
from edgekeeper.report.charts import Chart, Series, line_chart
from edgekeeper.report.expected_evidence import expected_figures
from edgekeeper.report.group_words import balance_section
from edgekeeper.report.review import Advice, LineReview, Review
from edgekeeper.report.sections import Section, Telling
from edgekeeper.report.standing import ACCOUNTS
from edgekeeper.report.wording import MISSING, count, day, number, percent, signed, signed_number
from edgekeeper.stats.scores import Scores

__all__ = ["tell_review"]

_LINE_HEADS = ("Line", "Known", "Right", "One side", "Before", "Brier", "Before", "Said", "Came")
_NOTES = (
    "Right: accuracy; one side: what always guessing the same would have got; said and came: the "
    "mean forecast, and the share that came true.",
    "Forecasts are scored when their outcome became known within the stretch, whenever they were "
    "made; a short stretch says little.",
    "The recommendation does nothing by itself: drift asks for a refit and never promotes, and no "
    "refit takes over unless it passes its gates.",
)


def tell_review(
    review: Review,
    advice: Advice,
    balance: Balance,
    *,
    title: str,
    currency: str,
    importance: Sequence[tuple[str, float, float]],
    notes: Sequence[str],
) -> Telling:
    """Put a review into words.

    Parameters
    ----------
    importance : sequence of (feature, share at the fit, share of late)
        Of what moves the score of the model that decides.
    """
    sections = [
        Section("Decision", "a recommendation", (_decision(advice),)),
        _to_do(review),
        _money(review, currency),
        _forecasts(review),
        *_importance(importance),
        _happened(review),
        balance_section(balance),
    ]
    if review.expected:
        said = [f"{line}: {one.sentence}" for line, one in review.expected]
        sections.append(Section("When evidence can be expected", bullets=said))
    return Telling(
        kind="review",
        title=title,
        lead=_lead(review, advice),
        sections=sections,
        notes=(*notes, *_NOTES),
        figures=_figures(review, advice, balance, importance),
    )


def _lead(review: Review, advice: Advice) -> str:
    tasks = len(review.to_do)
    waits = "nothing waits for you" if tasks == 0 else f"{_counted(tasks, 'thing')} to do"
    mine = next((one for one in review.accounts if one.name == "edgekeeper"), None)
    rules = next((one for one in review.accounts if one.name == "rules"), None)
    money = "No account was marked in this stretch"
    if mine is not None:
        money = f"Edgekeeper {signed(mine.growth, 2)}"
        money += f", the rules alone {signed(rules.growth, 2)}" if rules is not None else ""
    return f"{money}; recommended: {advice.decision}; {waits}."


def _decision(advice: Advice) -> str:
    command = f" Command: {advice.command}" if advice.command else ""
    return f"{advice.decision.capitalize()}: {advice.reason}.{command}"


def _to_do(review: Review) -> Section:
    if not review.to_do:
        return Section("To do", sentences=("Nothing waits for a person.",))
    bullets = [
        f"{task.urgency.capitalize()}: {task.text} (since {day(task.since_ns)})"
        + (f" → {task.command}" if task.command else "")
        for task in review.to_do
    ]
    return Section("To do", "for a person", bullets=bullets)


def _money(review: Review, currency: str) -> Section:
    rows: list[tuple[str, ...]] = [
        (
            ACCOUNTS[one.name].label,
            signed(one.growth, 2),
            percent(one.worst_fall, 2),
            count(one.trades),
            signed_number(one.profit),
        )
        for one in review.accounts
    ]
    rows.append(("The market, equally weighted", signed(review.basket, 2), *[MISSING] * 3))
    heads = ("", "Growth", "Worst fall", "Trades closed", f"Their profit, {currency}")
    return Section("Money", "against the baseline", (), heads, rows, chart=_chart(review))


def _chart(review: Review) -> Chart | None:
    if len(review.time_ns) < 2:
        return None
    series = [
        Series(
            ACCOUNTS[one.name].label, one.name,
            np.asarray(one.equity / one.equity[0] - 1.0), signed,
        )
        for one in review.accounts
        if len(one.equity) == len(review.time_ns)
    ]  # fmt: skip
    label = "Equity of the accounts over this stretch and twelve before it"
    return line_chart(review.time_ns, series, ticks=percent_ticks, label=label, height_px=220)


def _forecasts(review: Review) -> Section:
    if not review.lines:
        return Section("Forecasts", sentences=("No forecast has a known outcome yet.",))
    loss, said = review.loss, []
    if loss is not None:
        said.append(
            f"Loss of {loss.line} over the last {loss.bars} bars {number(loss.recent, 4)} "
            f"(95 %: {number(loss.low, 4)} to {number(loss.high, 4)}), before "
            f"{number(loss.before, 4)}: {'worse' if loss.worse else 'no worse beyond chance'}."
        )
    note = "scored as their outcomes became known"
    return Section("Forecasts", note, said, _LINE_HEADS, [_line_row(one) for one in review.lines])


def _line_row(one: LineReview) -> tuple[str, ...]:
    def share(scores: Scores | None, name: str) -> str:
        return MISSING if scores is None else percent(getattr(scores, name))

    def loss(scores: Scores | None) -> str:
        return MISSING if scores is None else number(scores.brier, 4)

    return (
        f"{one.line}, {one.stage.replace('_', ' ')}",
        count(one.recent.count) if one.recent else "0",
        share(one.recent, "accuracy"),
        share(one.recent, "majority"),
        share(one.before, "accuracy"),
        loss(one.recent),
        loss(one.before),
        percent(one.stated),
        percent(one.happened),
    )


def _importance(shares: Sequence[tuple[str, float, float]]) -> list[Section]:
    if not shares:
        return []
    moved = sorted(shares, key=lambda one: -abs(one[2] - one[1]))[:10]
    rows = [(name, percent(then), percent(now), signed(now - then)) for name, then, now in moved]
    heads = ("Feature", "At the fit", "Of late", "Change")
    note = "largest changes first; not tested"
    return [Section("What the model listens to", note, (), heads, rows)]


def _happened(review: Review) -> Section:
    bullets = [*review.moves]
    bullets += [f"{line}: fit {package[:12]} {verdict}" for line, package, verdict in review.fits]
    said = ", ".join(f"{name} {count(n)}" for name, n in sorted(review.decisions.items()))
    sentence = f"Decisions: {said}." if said else "No decision was taken."
    if not bullets:
        sentence += " No line moved and nothing was fitted."
    return Section("What happened", sentences=(sentence,), bullets=bullets)


def _counted(number_of: int, noun: str) -> str:
    return f"{number_of} {noun}" if number_of == 1 else f"{number_of} {noun}s"


def _figures(
    review: Review,
    advice: Advice,
    balance: Balance,
    importance: Sequence[tuple[str, float, float]],
) -> dict[str, Any]:
    return {
        "sentence": _lead(review, advice),
        "since_ns": review.since_ns,
        "until_ns": review.until_ns,
        "decision": asdict(advice),
        "to_do": [asdict(task) for task in review.to_do],
        "accounts": [
            {
                "name": one.name,
                "growth": one.growth,
                "worst_fall": one.worst_fall,
                "trades": one.trades,
                "profit": one.profit if math.isfinite(one.profit) else None,
            }
            for one in review.accounts
        ],
        "market": review.basket,
        "lines": [asdict(line) for line in review.lines],
        "loss": None if review.loss is None else asdict(review.loss),
        "importance": {name: {"before": then, "after": now} for name, then, now in importance},
        "fits": [
            {"line": line, "package": package, "verdict": verdict}
            for line, package, verdict in review.fits
        ],
        "moves": list(review.moves),
        "decisions": dict(review.decisions),
        "balance": asdict(balance),
        "expected": {line: expected_figures(one) for line, one in review.expected},
    }
