"""Differences between forecasters in words, for the terminal and for notebooks."""

from collections.abc import Sequence

from edgekeeper.report.wording import MISSING, number
from edgekeeper.validate.paired import Difference

__all__ = ["HEADS", "difference_rows", "sentence"]

HEADS = ("", "A", "B", "A less B", "95 % interval", "q", "Better")


def difference_rows(differences: Sequence[Difference]) -> list[tuple[str, ...]]:
    """Figure, both values, their difference with its interval, q-value, who is better."""
    pairs = {(one.a, one.b) for one in differences}
    return [
        (
            one.figure.replace("_", " ") + (f", {one.a} and {one.b}" if len(pairs) > 1 else ""),
            number(one.value_a, 4),
            number(one.value_b, 4),
            number(one.difference, 4),
            f"{number(one.low, 4)} to {number(one.high, 4)}",
            number(one.q_value, 3),
            one.better or MISSING,
        )
        for one in differences
    ]


def sentence(differences: Sequence[Difference]) -> str:
    """Who is better at what, of the first pair, in one sentence."""
    a, b = differences[0].a, differences[0].b
    won = {
        name: [one.figure.replace("_", " ") for one in differences
               if (one.a, one.b) == (a, b) and one.better == name]
        for name in (a, b)
    }  # fmt: skip
    said = [f"{name} is better at {', '.join(figures)}" for name, figures in won.items() if figures]
    start = f"A is {a}, B is {b}. "
    return start + (
        "; ".join(said) + "." if said else "Chance alone would explain every difference."
    )
