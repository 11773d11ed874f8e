"""Insights in words: one sentence first, then what stands out, where money came from, balance."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from edgekeeper.learn.policy_learning import PolicyLesson
from edgekeeper.report.attribution import Attribution
from edgekeeper.report.balance import ASKED_BUY
from edgekeeper.report.calibration_words import calibration_figures, calibration_section
from edgekeeper.report.expected_evidence import ExpectedEvidence, expected_figures
from edgekeeper.report.group_words import (
    GROUP_HEADS,
    ab_section,
    balance_section,
    group_row,
    interval_words,
)
from edgekeeper.report.insights import Insights
from edgekeeper.report.measure_names import MEASURE_NAMES
from edgekeeper.report.sections import Section, Telling
from edgekeeper.report.wording import MISSING, count, percent, signed, signed_number
from edgekeeper.stats.breakdown import Part

__all__ = ["in_money", "tell_insights"]

_MEASURES = {**MEASURE_NAMES, "signal_return": "A signal would earn, taken or not"}
_HEADS = ("Condition", "Count", "Mean", "95 % interval", "q")
_MOST = 12
_NAMES = {"edgekeeper": "Edgekeeper", "rules": "The rules alone"}
_NOTES = (
    "Intervals come from observations clustered in blocks of time of twice the label's horizon; "
    "fewer than ten blocks give none.",
    "q: the share of false discoveries among all that is told when everything at least as sure is "
    "told (Benjamini and Yekutieli), both ways of every condition counted; single conditions and "
    "pairs have 5 % each.",
    "A condition is measured against earning nothing, not against the other conditions; what stood "
    "out once may not again, so let a challenger prove it.",
    "Hours and weekdays are UTC, of the bar decided on.",
    "Attribution: profit after all costs of closed trades, by what they were decided on.",
)


def tell_insights(
    found: Insights,
    *,
    title: str,
    currency: str,
    expected: Sequence[tuple[str, ExpectedEvidence]] = (),
    lesson: PolicyLesson | None = None,
    moved: Sequence[str] = (),
) -> Telling:
    """Put insights into words.

    Parameters
    ----------
    expected : sequence of (line, ExpectedEvidence)
        Of the challengers.
    lesson : PolicyLesson, optional
        What outcomes say of the policy.
    moved : sequence of str
        Changes of policies that lines made by themselves.
    """
    sections = [
        _standing_out("Where to stay out", found.stay_out, found, "loses"),
        _standing_out("What works", found.favourable, found, "earns"),
        _overall(found),
        *_attribution(found.attribution, currency),
        calibration_section(found.forecasts),
        balance_section(found.balance),
        ab_section(found.ab_tests),
        _policy(lesson, moved),
    ]
    if expected:
        said = [f"{line}: {one.sentence}" for line, one in expected]
        sections.append(Section("When evidence can be expected", bullets=said))
    sections.append(_looked_at(found))
    return Telling(
        kind="insights",
        title=title,
        lead=_lead(found),
        sections=sections,
        notes=(*found.missing, *_NOTES),
        figures={**_figures(found, expected), "policy": _policy_figures(lesson)},
    )


def _lead(found: Insights) -> str:
    if not found.told:
        tested = f"of {count(found.tested)} conditions with enough observations, "
        return (
            "Nothing stands out: "
            + (tested if found.tested else "no condition holds enough observations, and ")
            + "none can be told from chance."
        )
    parts = []
    if found.stay_out:
        parts.append(f"stay out of {_named(found.stay_out)}")
    if found.favourable:
        parts.append(f"{_named(found.favourable)} did well")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}: told among {count(found.tested)} conditions looked at."


def _named(told: Sequence[tuple[str, Part]], most: int = 3) -> str:
    names = list(dict.fromkeys(f"{part.condition} {part.value}" for _, part in told))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _standing_out(
    title: str, told: Sequence[tuple[str, Part]], found: Insights, verb: str
) -> Section:
    note = "at most one in ten of these by chance"
    if not told:
        none = f"Nothing {verb} beyond chance, of {count(found.tested)} conditions looked at."
        return Section(title, note, (none,))
    rows = [
        (f"{_MEASURES[measure]}: {part.condition} {part.value}", *_cells(part))
        for measure, part in told[:_MOST]
    ]
    more = f"And {len(told) - _MOST} more: see --json." if len(told) > _MOST else ""
    return Section(title, note, (more,) if more else (), _HEADS, rows)


def _looked_at(found: Insights) -> Section:
    """Everything that was tested of single conditions, and hours, weekdays and the like by side."""
    by_side = {
        measure: [part for part in parts if "side" in part.condition.split(" & ")]
        for measure, parts in found.paired.items()
    }
    rows = [
        (f"{_MEASURES[measure]}: {part.condition} {part.value}", *_cells(part))
        for families in (found.single, by_side)
        for measure, parts in families.items()
        for part in parts
        if math.isfinite(part.p_below)
    ]
    none = "No condition holds enough observations."
    return Section(
        "All conditions looked at", "single ones, and by side", () if rows else (none,), _HEADS,
        rows, long=True,
    )  # fmt: skip


def _cells(part: Part) -> tuple[str, ...]:
    interval = MISSING
    if math.isfinite(part.low):
        interval = f"{signed(part.low, 2)} to {signed(part.high, 2)}"
    q = min(part.q_below, part.q_above)
    return count(part.count), signed(part.mean, 2), interval, percent(q)


def _overall(found: Insights) -> Section:
    rows = [group_row(_NAMES.get(group.name, group.name), group) for group in found.accounts]
    said = [
        f"{_MEASURES[measure]} {signed(part.mean, 2)} on average over {count(part.count)} "
        + (
            f"(95 %: {signed(part.low, 2)} to {signed(part.high, 2)})."
            if math.isfinite(part.low)
            else "(too few for an interval)."
        )
        for measure, part in found.overall
    ]
    if found.against_rules is None:
        said.append("The account is that of the rules: no model has traded differently yet.")
    else:
        more = interval_words(found.against_rules, lambda value: signed(value, 3))
        sure = "(95 %, at every look)" if math.isfinite(found.against_rules.low) else "so far"
        said.append(f"A bar it earned {more} more than the rules alone {sure}.")
    return Section("On the whole", "against the baseline, the whole run", said, GROUP_HEADS, rows)


def in_money(cents: int) -> str:
    """Whole cents as an amount.

    Examples
    --------
    >>> in_money(-123456), in_money(0)
    ('−1,234.56', '0.00')
    """
    return signed_number(cents / 100.0)


def _attribution(found: Attribution, currency: str) -> list[Section]:
    if not any(found.groups.values()):
        return [Section("Where the money came from", sentences=("No trade was closed.",))]
    total = f"In all {in_money(found.cents)} {currency}"
    if found.open_cents:
        total += f", {in_money(found.open_cents)} of it in positions still open"
    if found.unknown:
        total += f"; {found.unknown} trades have no recorded entry and count as open"
    rows = [
        (f"{condition} {share.name}", count(share.trades), in_money(share.cents))
        for condition, shares in found.groups.items()
        for share in (shares if len(shares) <= _MOST else [*shares[:6], *shares[-6:]])
        if len(shares) > 1
    ]
    note = "shares of each kind add up to the total to the cent"
    return [
        Section(
            "Where the money came from", note, (f"{total}.",), ("Group", "Trades", "Profit"), rows
        )
    ]


def _policy(lesson: PolicyLesson | None, moved: Sequence[str]) -> Section:
    """Whether another threshold, size, stop or target would have earned more."""
    title = "What outcomes say of the policy"
    if lesson is None:
        none = "Too few forecasts with bars after them to tell whether another policy earns more."
        return Section(title, sentences=(none,), bullets=moved)
    note = f"line {lesson.line}, {count(lesson.bars)} bars, {count(lesson.tried)} policies tried"
    said = [
        f"{one.sentence[0].upper()}{one.sentence[1:]}: "
        + ("larger than 20 %, a person decides." if one.needs_approval else "within the recipe.")
        for one in lesson.proposals
    ]
    if not said:
        said = ["No change would have earned more beyond chance: the policy stays as it is."]
    return Section(title, note, said, bullets=moved)


def _policy_figures(lesson: PolicyLesson | None) -> dict[str, Any] | None:
    if lesson is None:
        return None
    return {
        **asdict(lesson),
        "proposals": [
            {**asdict(one), "change": one.change, "needs_approval": one.needs_approval}
            for one in lesson.proposals
        ],
    }


def _figures(found: Insights, expected: Sequence[tuple[str, ExpectedEvidence]]) -> dict[str, Any]:
    def parts(families: Any) -> list[dict[str, Any]]:
        return [
            {"measure": measure, **asdict(part)}
            for measure, those in families.items()
            for part in those
        ]

    def told(those: Sequence[tuple[str, Part]]) -> list[dict[str, Any]]:
        return [{"measure": measure, **asdict(part)} for measure, part in those]

    return {
        "sentence": _lead(found),
        "stay_out": told(found.stay_out),
        "favourable": told(found.favourable),
        "overall": told(found.overall),
        "conditions": parts(found.single),
        "pairs": parts(found.paired),
        "conditions_tested": found.tested,
        "against_rules": None if found.against_rules is None else asdict(found.against_rules),
        "accounts": [asdict(group) for group in found.accounts],
        "attribution": _attribution_figures(found.attribution),
        "balance": {**asdict(found.balance), "asked_buy": list(ASKED_BUY)},
        "ab_tests": [asdict(test) for test in found.ab_tests],
        "missing_data": list(found.missing),
        "calibration": calibration_figures(found.forecasts),
        "expected": {line: expected_figures(one) for line, one in expected},
    }


def _attribution_figures(found: Attribution) -> dict[str, Any]:
    """Return an attribution for programs, in base currency."""
    return {
        "total": found.cents / 100.0,
        "still_open": found.open_cents / 100.0,
        "trades_without_entry": found.unknown,
        **{
            condition: [
                {"name": one.name, "trades": one.trades, "profit": one.cents / 100.0}
                for one in shares
            ]
            for condition, shares in found.groups.items()
        },
    }
