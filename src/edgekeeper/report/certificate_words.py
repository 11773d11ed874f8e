"""A certificate in words: the same for the terminal and for the page."""

import math

from edgekeeper.report.run_conditions import CONDITION_HEADS, condition_row, told_conditions
from edgekeeper.report.wording import MISSING, became, count, day, number, percent, signed
from edgekeeper.stats.resampling import Interval
from edgekeeper.validate.certificate import Certificate

__all__ = [
    "BOOK_HEADS",
    "CONDITION_HEADS",
    "GATE_HEADS",
    "all_condition_rows",
    "book_rows",
    "condition_rows",
    "evidence_pairs",
    "gate_rows",
    "headline",
    "next_step",
    "score_rows",
    "subject",
]

GATE_HEADS = ("", "Gate", "Measured", "Asked")
BOOK_HEADS = ("", "Sharpe, 95 % interval", "A year", "Worst fall", "Won", "Per 1 lost")
_BOOKS = {
    "forecasts": "Forecasts",
    "twice_the_costs": "at twice the costs",
    "rules": "Rules (baseline)",
    "always_take": "Always take",
    "buy_and_hold": "Buy and hold",
}
_ANSWERS = {
    "passed": "Passed: every gate of the profile “{profile}”.",
    "refused": "Refused: {failed} of {all} gates of the profile “{profile}” did not pass.",
    "needs approval": "Held: too good to be true until a person has looked.",
}


def headline(certificate: Certificate) -> str:
    """The answer in one sentence."""
    if certificate.trials.number is None:
        return "No certificate: nobody said how many variants were tried."
    failed = sum(not gate.passed for gate in certificate.gates)
    return _ANSWERS[certificate.answer].format(
        profile=certificate.profile, failed=failed, all=len(certificate.gates)
    )


def next_step(certificate: Certificate) -> str:
    """What a reader can do with it."""
    if certificate.trials.number is None:
        return (
            "Count every strategy, setting and idea that was looked at, this one included, and "
            "pass --trials N; or the returns of all of them with --trial-returns FILE."
        )
    if certificate.answer == "passed":
        return "It has earned a place in shadow; only later outcomes can earn it capital."
    if certificate.answer == "needs approval":
        return "Look for a column that knows the future before anything else."
    missing = certificate.years_missing
    if not certificate.evaluation.shape[0] > 0.0:
        return "More of the same would not do: its book lost, or earned nothing."
    if 0.0 < missing < math.inf:
        return f"At this Sharpe ratio, luck is ruled out after {_years(missing)} more."
    return "The gates marked ✗ say what is missing."


def subject(certificate: Certificate) -> str:
    """What was judged, on which bars."""
    case = certificate.evaluation.case
    first, last = case.window
    symbols = len(certificate.evaluation.symbol_trades)
    return (
        f"{case.name}: {count(certificate.evaluation.scores.count)} outcomes and "
        f"{count(certificate.evaluation.trades)} trades in {count(case.periods)} bars of "
        f"{symbols} {'symbol' if symbols == 1 else 'symbols'}, {day(first)} to {day(last)}"
    )


def gate_rows(certificate: Certificate) -> list[tuple[str, str, str, str]]:
    """Each gate: sign, name, what was measured, what was asked."""
    return [
        (
            "✓" if gate.passed else "✗",
            gate.name,
            _figure(gate.figure, gate.low, gate.high),
            f"{gate.sense} {gate.threshold:g}" if math.isfinite(gate.threshold) else MISSING,
        )
        for gate in certificate.gates
    ]


def book_rows(certificate: Certificate) -> list[tuple[str, ...]]:
    """Each book's figures."""
    return [
        (
            label,
            _interval(books["sharpe"]),
            signed(books["annual_return"].value),
            percent(books["max_drawdown"].value),
            percent(books["win_rate"].value),
            number(books["profit_factor"].value),
        )
        for name, label in _BOOKS.items()
        for books in (certificate.evaluation.books[name],)
    ]


def score_rows(certificate: Certificate) -> dict[str, str]:
    """Forecast scores with intervals; accuracy stands beside the majority class."""
    figures = certificate.evaluation.score_figures
    majority = percent(figures["majority"].value)
    return {
        "AUC": f"{_interval(figures['auc'], 3)}; 0.5 is chance",
        "Accuracy": f"{_share(figures['accuracy'])}; always guessing one side: {majority}",
        "Precision": _share(figures["precision"]),
        "Recall": _share(figures["recall"]),
        "F1": _interval(figures["f1"], 3),
        "Brier": _interval(figures["brier"], 4),
        "Log loss": f"{_interval(figures['log_loss'], 4)}; less the base rate's: "
        f"{_signed_interval(certificate)}",
    }


def evidence_pairs(certificate: Certificate) -> dict[str, str]:
    """What the answer rests on."""
    it, trials = certificate.evaluation, certificate.trials
    bets = ", ".join(f"{name} {became(value)}" for name, value in it.evidence.items())
    found = {
        "Variants tried": "not told" if trials.number is None
        else f"{count(trials.number)}, effective {number(trials.effective, 1)} ({trials.origin})",
        "Not luck": MISSING if trials.number is None
        else f"{percent(certificate.deflated_sharpe)} sure, "
        f"{percent(certificate.deflated_sharpe_twice)} at twice the costs (deflated Sharpe ratio)",
        "Bets": f"1 became, against {bets}; 20 is proof at 5 %, and all three have to",
        "Record": f"{_years(certificate.years)} judged, {_years(certificate.years_needed)} needed "
        f"at this Sharpe ratio; missing: {_years(certificate.years_missing)}",
    }  # fmt: skip
    if trials.overfit is not None:
        found["Overfitting"] = (
            f"{percent(trials.overfit.probability)} of choices among the variants did no better "
            f"than the median afterwards (PBO), {percent(trials.overfit.probability_of_loss)} lost"
        )
    if certificate.hold_out is not None:
        readings = certificate.hold_out.readings
        said = "not recorded how often" if readings is None else f"{count(readings)} times"
        auc = certificate.hold_out.metrics.get("hold_out_auc", math.nan)
        found["Hold-out"] = f"read {said} before it shipped; AUC there {number(auc, 3)}"
    found["Profile"] = certificate.rate.sentence
    return found


def condition_rows(certificate: Certificate, *, most: int = 0) -> list[tuple[str, ...]]:
    """Conditions that differ from nothing at a false discovery rate of 10 %, surest first."""
    told = told_conditions(certificate.evaluation.conditions)
    rows = [condition_row(measure, part) for measure, part in told]
    return rows[:most] if most else rows


def all_condition_rows(certificate: Certificate, measure: str) -> list[tuple[str, ...]]:
    """Every condition of one measure that held enough to be tested."""
    parts = certificate.evaluation.conditions[measure]
    return [condition_row("", part) for part in parts if math.isfinite(part.low)]


def _figure(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return "∞" if value == math.inf else MISSING
    digits = 0 if value == round(value) and abs(value) >= 10 else 3
    text = number(value, digits)
    if math.isfinite(low) and math.isfinite(high):
        return f"{text} ({number(low, digits)} to {number(high, digits)})"
    return text


def _interval(figure: Interval, digits: int = 2) -> str:
    text = number(figure.value, digits)
    if not math.isfinite(figure.low):
        return text
    return f"{text} ({number(figure.low, digits)} to {number(figure.high, digits)})"


def _share(figure: Interval) -> str:
    text = percent(figure.value)
    if not math.isfinite(figure.low):
        return text
    return f"{text} ({percent(figure.low)} to {percent(figure.high)})"


def _signed_interval(certificate: Certificate) -> str:
    test = certificate.evaluation.against_base
    return _interval(Interval(test.mean, test.low, test.high), 4)


def _years(years: float) -> str:
    if math.isnan(years):
        return MISSING
    if years == 0.0:
        return "none"
    if math.isinf(years):
        return "more than any length"
    if years < 0.15:
        return f"{count(max(1, math.ceil(years * 365.25)))} days"
    return f"{number(12.0 * years, 0)} months" if years < 2.0 else f"{number(years, 1)} years"
