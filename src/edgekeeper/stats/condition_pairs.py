"""Combinations of two conditions, and what stands out of very many parts by more than chance."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from edgekeeper.errors import UsageError
from edgekeeper.stats.breakdown import Part
from edgekeeper.stats.multiplicity import adjusted_p_values

__all__ = ["adjusted_both_ways", "condition_pairs", "standing_out"]

_MOST_VALUES = 400
_JOINT = " & "


def condition_pairs(conditions: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Labels of every two conditions together, such as ``"hour & side"``: ``"14:00 & long"``.

    Examples
    --------
    >>> condition_pairs({"side": ["long", "short"], "day": ["Mon", "Tue"]})
    {'side & day': ['long & Mon', 'short & Tue']}
    """
    found = {}
    for (first, left), (second, right) in combinations(conditions.items(), 2):
        if len(left) != len(right):
            raise UsageError(
                f"expected as many labels of {second} as of {first}, got {len(right)} and "
                f"{len(left)}"
            )
        if len(set(left)) * len(set(right)) <= _MOST_VALUES:
            found[f"{first}{_JOINT}{second}"] = [
                f"{a}{_JOINT}{b}" for a, b in zip(left, right, strict=True)
            ]
    return found


def adjusted_both_ways(families: Mapping[str, Sequence[Part]]) -> dict[str, list[Part]]:
    """Adjust all parts of several measures as one family, in which each is asked both ways.

    A part that may earn and may lose is two questions, so telling whichever of the two is surer
    at a level keeps the false discovery rate at that level.
    """
    flat = [part for parts in families.values() for part in parts]
    asked = np.array([part.p_below for part in flat] + [part.p_above for part in flat])
    answers = adjusted_p_values(asked)
    below, above = answers[: len(flat)], answers[len(flat) :]
    anew = iter(
        replace(part, q_below=float(low), q_above=float(high))
        for part, low, high in zip(flat, below, above, strict=True)
    )
    return {name: [next(anew) for _ in parts] for name, parts in families.items()}


def standing_out(
    single: Mapping[str, Sequence[Part]],
    paired: Mapping[str, Sequence[Part]],
    *,
    level: float = 0.10,
) -> list[tuple[str, Part]]:
    """Parts that differ from nothing, as (measure, part), surest first.

    Single conditions and pairs have half of the false discovery rate each, so that the many pairs
    cannot drown the few singles. A pair is left out where one of its two conditions alone stands
    out the same way: it would say the same again.

    Parameters
    ----------
    single, paired : mapping of measure to parts
        Adjusted already, see :func:`adjusted_both_ways`.
    level : float
        False discovery rate of everything told.
    """
    if not 0.0 < level < 1.0:
        raise UsageError(f"level: expected a rate between 0 and 1, got {level!r}")
    told = _told(single, level / 2.0)
    known = {(measure, part.condition, part.value, _loses(part)) for measure, part in told}
    for measure, part in _told(paired, level / 2.0):
        names, values = part.condition.split(_JOINT), part.value.split(_JOINT)
        parents = {
            (measure, name, value, _loses(part)) for name, value in zip(names, values, strict=False)
        }
        if not parents & known:
            told.append((measure, part))
    return sorted(told, key=lambda one: min(one[1].q_below, one[1].q_above))


def _told(families: Mapping[str, Sequence[Part]], level: float) -> list[tuple[str, Part]]:
    return [
        (measure, part)
        for measure, parts in families.items()
        for part in parts
        if min(part.q_below, part.q_above) <= level
    ]


def _loses(part: Part) -> bool:
    return part.q_below < part.q_above
