"""The verdict as a sentence a trader would say, and what else belongs in the first paragraph."""

from collections.abc import Mapping, Sequence

import numpy as np

from edgekeeper.config import Config
from edgekeeper.report.story import BookStory, LineStory, Mark

__all__ = ["verdict_sentence"]


def _share(value: float) -> str:
    """Return a share in per cent, with its sign."""
    return f"{value:+.1%}".replace("-", "\N{MINUS SIGN}")


def _day(time_ns: int) -> str:
    return str(np.datetime64(time_ns, "ns").astype("datetime64[D]"))


def verdict_sentence(
    lines: Sequence[LineStory],
    books: Mapping[str, BookStory],
    marks: Sequence[Mark],
    config: Config,
) -> tuple[str, tuple[str, ...]]:
    """Return (one sentence, further sentences)."""
    promotions = [mark for mark in marks if mark.kind == "promotion"]
    retreats = [mark for mark in marks if mark.kind == "retreat"]
    tried = [line for line in lines if len(line.time_ns)]
    if not tried:
        sentence = (
            "Nothing was judged: too few bars for a first fit. "
            f"{'The rules' if config.fallback == 'rules' else 'Nothing'} traded."
        )
    elif not promotions:
        sentence = (
            f"No edge found here: {_count(len(tried), 'line')} tried, none earned the right to "
            "trade."
        )
    elif retreats:
        again = " and earned back later" if promotions[-1].time_ns > retreats[-1].time_ns else ""
        sentence = (
            f"An edge was found on {_day(promotions[0].time_ns)} and lost: Edgekeeper retreated "
            f"on {_day(retreats[0].time_ns)}{again}."
        )
    else:
        sentence = (
            f"An edge was found: a model earned the right to trade on "
            f"{_day(promotions[0].time_ns)} and still holds it."
        )
    return sentence, tuple(_details(tried, books, config))


def _details(
    lines: Sequence[LineStory], books: Mapping[str, BookStory], config: Config
) -> list[str]:
    details = []
    mine, rules = books["edgekeeper"].performance, books["rules"].performance
    if config.fallback != "cash" and rules.sharpe_high < 0.0:
        details.append(
            "Recommendation: fallback = cash. The rules lose money after costs "
            f"(Sharpe {rules.sharpe:.2f}, 95 % interval {rules.sharpe_low:.2f} to "
            f"{rules.sharpe_high:.2f}), and not trading them is free."
        )
    newest = books["always_newest"].performance
    passive = books["buy_and_hold"].performance
    details.append(
        f"Edgekeeper {_share(mine.total_return)} net, always-newest "
        f"{_share(newest.total_return)}, the rules {_share(rules.total_return)}, buy and hold "
        f"at the same exposure {_share(passive.total_return)}."
    )
    double = books["edgekeeper"].double_cost
    if double is not None:
        details.append(
            f"At twice the costs Edgekeeper would have made {_share(double.total_return)}."
        )
    for line in lines:
        if line.reasons:
            moves = [reason for reason in line.reasons if not reason[0].isdigit()]
            details.append(f"Line {line.name}: {moves[-1]}.")
        if line.expected is not None:
            details.append(f"Line {line.name}: {line.expected.sentence}")
    return details


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
