"""What a word of the feature language means: ops, comparisons, indicators, catalogue features."""

from dataclasses import dataclass

from edgekeeper.errors import UsageError, nearest
from edgekeeper.features.across import ACROSS
from edgekeeper.features.catalogue import CATALOGUES, catalogue
from edgekeeper.features.feature_set import FeatureSet
from edgekeeper.features.indicators import indicators
from edgekeeper.features.ops import OPS

__all__ = ["Description", "describe", "reach_words", "words"]

_SERIES = "xyzuv"
_GIVEN = {"x": "close", "n": "20", "condition": "close > open"}


@dataclass(frozen=True, slots=True)
class Description:
    """One word of the language.

    Attributes
    ----------
    kind : str
        ``op``, ``comparison``, ``indicator``, or ``feature of`` a catalogue.
    signature : str
        How it is written; the name of a feature.
    formula : str
        Its text in the language; of an op, what the kernel does.
    inputs : tuple of str
        Columns that it reads, with default arguments.
    lookback, warm_up : str
        How much of the past before the first value, and until the start no longer matters.
    example : str
        An expression that can be computed and drawn; empty where more has to be given.
    """

    name: str
    kind: str
    signature: str
    formula: str
    meaning: str
    source: str
    inputs: tuple[str, ...]
    lookback: str
    warm_up: str
    example: str


def words() -> tuple[str, ...]:
    """Every word that :func:`describe` knows: features of catalogues first, then the language."""
    features = (entry.name for name in CATALOGUES for entry in catalogue(name))
    return tuple(dict.fromkeys([*features, *indicators(), *OPS, *ACROSS, "tf"]))


def describe(name: str) -> Description:
    """Describe an op, a comparison, an indicator, or a feature of a catalogue.

    An indicator comes before a feature of the same name.

    Raises
    ------
    UsageError
        Not a word of the language; names the nearest one.

    Examples
    --------
    >>> rsi = describe("rsi")
    >>> rsi.signature, rsi.lookback, rsi.inputs
    ('rsi(x=close, n=14)', '14 bars', ('close',))
    """
    if name == "tf":
        return _written(
            name, "longer bars", 'tf("1h", x)', "the expression over completed longer bars",
            "Value of an expression over longer bars; the last complete one is held.",
            "by UTC; weeks begin on Monday", 'tf("1w", rsi(close, 14))',
        )  # fmt: skip
    if name in indicators():
        found = indicators()[name]
        given = [_GIVEN[p] for p, default in found.parameters if default is None]
        example = f"{name}({', '.join(given)})"
        return _written(
            name, "indicator", found.signature, found.text, found.meaning, found.source, example
        )
    if name in OPS:
        op = OPS[name]
        parts = [*_SERIES[: op.inputs]]
        parts += [p.name if p.default is None else f"{p.name}={p.default:g}" for p in op.params]
        shown = f"{name}({', '.join(parts)})"
        series = ("high", "low") if name == "sar" else ("close", "volume", "open", "high", "low")
        numbers = [f"{max(min(20 if p.whole else 0.5, p.high), p.low):g}" for p in op.params]
        example = f"{name}({', '.join([*series[: op.inputs], *numbers])})"
        if op.keyed:
            before = ("close", "volume")[: op.inputs - 1]
            example = f"{name}({', '.join([*before, 'week_number', *numbers[:1]])})"
        return _written(name, "op", shown, "a compiled step", op.meaning, f"v{op.version}", example)
    if name in ACROSS:
        meaning = ACROSS[name].meaning
        return _written(
            name, "comparison", f"{name}(x)", "over the symbols of an instant", meaning,
            f"v{ACROSS[name].version}", f"{name}(ret(close))",
        )  # fmt: skip
    for shelf in CATALOGUES:
        for entry in catalogue(shelf):
            if entry.name == name:
                return _written(
                    name, f"feature of {shelf}", name, entry.text, entry.meaning, entry.source,
                    entry.text,
                )  # fmt: skip
    raise UsageError(
        f"unknown word {name!r} of the feature language{nearest(name, words())}; "
        "`edgekeeper features list` shows all"
    )


def reach_words(rows: int, wait_ns: int) -> str:
    """Say how far back something reaches, such as ``"14 bars and 2 d"``."""
    bars = f"{rows} {'bar' if rows == 1 else 'bars'}"
    if not wait_ns:
        return bars
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if wait_ns >= 2 * length * 10**9:
            return f"{bars} and {-(-wait_ns // (length * 10**9))} {unit}"
    return f"{bars} and {wait_ns // 10**9} s"


def _written(
    name: str, kind: str, signature: str, formula: str, meaning: str, source: str, example: str
) -> Description:
    features = FeatureSet({"x": example})
    node = features.nodes[0]
    return Description(
        name, kind, signature, formula, meaning, source, features.columns,
        reach_words(node.lookback, node.wait_ns), reach_words(node.warm_up, node.settle_ns),
        example,
    )  # fmt: skip
