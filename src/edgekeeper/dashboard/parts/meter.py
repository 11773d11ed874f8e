"""Evidence on its way to what is needed, on a scale where each doubling is as long."""

import math

from edgekeeper.dashboard.nodes import Element, node
from edgekeeper.report.wording import MISSING, became

__all__ = ["evidence_meter"]


def evidence_meter(evidence: float, needed: float, name: str) -> Element:
    """Make a bar from nothing proved (1 or less) to what is needed.

    Parameters
    ----------
    evidence, needed : float
        As wealth: what a bettor against the three nulls has made of 1. NaN before the first bar.
    name : str
        Whose evidence.
    """
    known = math.isfinite(evidence) and math.isfinite(needed) and needed > 1.0
    share = 0.0
    if known and evidence > 1.0:
        share = min(1.0, math.log(evidence) / math.log(needed))
    said = f"{became(evidence)} of {became(needed)} needed"
    return node(
        "div",
        node("span", node("span", "Evidence", css="soft"), node("b", said if known else MISSING)),
        node(
            "div",
            node("i", style=f"width: {100.0 * share:.1f}%"),
            css="track",
            role="meter",
            aria_label=f"Evidence of {name}",
            aria_valuemin="0",
            aria_valuemax="100",
            aria_valuenow=f"{100.0 * share:.0f}",
            aria_valuetext=said if known else "not known yet",
        ),
        css="meter",
    )
