"""Groups of trades, A/B tests and the balance of decisions in words."""

import math
from collections.abc import Callable, Sequence

from edgekeeper.report.ab_tests import AbTest
from edgekeeper.report.balance import ACTIONS, ASKED_BUY, Balance
from edgekeeper.report.group_figures import GroupFigures
from edgekeeper.report.sections import Section
from edgekeeper.report.wording import count, day, number, percent, signed, wealth
from edgekeeper.stats.resampling import Interval

__all__ = ["GROUP_HEADS", "ab_section", "balance_section", "group_row", "interval_words"]

GROUP_HEADS = ("", "Trades", "Win rate", "Net a trade", "Worst fall")
_MOST = 12


def group_row(name: str, group: GroupFigures) -> tuple[str, ...]:
    """One group as text, for columns :data:`GROUP_HEADS`."""
    return (
        name,
        count(group.trades),
        interval_words(group.win_rate, percent),
        interval_words(group.mean, lambda value: signed(value, 2)),
        percent(group.worst_fall, 2),
    )


def interval_words(it: Interval, say: Callable[[float], str]) -> str:
    """A figure with its interval, where it has one."""
    text = say(it.value)
    return f"{text} ({say(it.low)} to {say(it.high)})" if math.isfinite(it.low) else text


def balance_section(balance: Balance) -> Section:
    """Shares of BUY, HOLD and SELL, why, and how right each component was."""
    low, high = ASKED_BUY
    buy = balance.recent["BUY"].value
    if balance.decisions == 0:
        said = ["No decision in the last seven days."]
    else:
        where = "within" if balance.within else ("below" if buy < low else "above")
        said = [
            f"BUY {percent(buy)} of {count(balance.decisions)} decisions in seven days: {where} "
            f"the {low:.0%} to {high:.0%} that were asked for. The band is a hope, never a gate: "
            "a signal without an edge is better held than bought."
        ]
        reasons = list(balance.reasons.items())[:_MOST]
        said.append("Why: " + "; ".join(f"{reason} {count(n)}" for reason, n in reasons) + ".")
    rows = [
        (
            name,
            interval_words(balance.recent[name], percent),
            interval_words(balance.whole[name], percent),
        )
        for name in ACTIONS
    ]
    right = [
        f"{one.name} was right {percent(one.accuracy)} of {count(one.forecasts)} times; always "
        f"guessing one side: {percent(one.majority)}"
        for one in balance.components
    ]
    return Section(
        "Balance", "decisions of the account", said, ("", "Last 7 days", "Whole run"), rows, right
    )


def ab_section(tests: Sequence[AbTest]) -> Section:
    """Every A/B test with its groups, and whether it makes a difference who decides."""
    title = "A/B tests"
    if not tests:
        none = "No line has reached an A/B test, so there are no groups to compare."
        return Section(title, sentences=(none,))
    rows, said = [], []
    for test in tests:
        rows += [
            group_row(group.name if k else f"{test.line} in its test", group)
            for k, group in enumerate(test.groups)
        ]
        said.append(_ab_sentence(test))
        if test.missing:
            said.append(f"Not enough data yet for line {test.line}: {'; '.join(test.missing)}.")
    return Section(title, "signals dealt out by lot", said, GROUP_HEADS, rows)


def _ab_sentence(test: AbTest) -> str:
    steps = ", ".join(f"{step.share:.0%} from {day(step.since_ns)}" for step in test.steps)
    better = test.evidence.log_better
    verdict = "it is better than the others at 5 %"
    if better < math.log(20.0):
        worse = test.evidence.log_worse >= math.log(20.0)
        verdict = "it is worse at 5 %" if worse else "not told from chance at 5 %"
    ended = f"ended {day(test.steps[-1].until_ns)}" if test.ended else "going on"
    return (
        f"Line {test.line} decided {count(test.mine)} of {count(test.dealt)} signals ({steps}; "
        f"{ended}): {verdict}. Evidence that it does better {wealth(better)}, that it does worse "
        f"{wealth(test.evidence.log_worse)}, needed 20 (valid at every look); "
        f"p {number(test.p_value, 3)} at a single look. "
        f"{_more('the others', test.difference)} {_more('the rules', test.against_rules)}"
    )


def _more(than: str, difference: Interval) -> str:
    if not math.isfinite(difference.value):
        return f"Against {than} there are no closed trades to compare."
    more = interval_words(difference, lambda value: signed(value, 2))
    return f"A trade earns {more} more than one of {than}."
