"""Named indicators: formulas in the feature language itself, read from ``indicators.toml``."""

import ast
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from edgekeeper.features.syntax import parse

__all__ = ["Indicator", "indicators"]


@dataclass(frozen=True, slots=True)
class Indicator:
    """A formula with parameters.

    Attributes
    ----------
    parameters : tuple of (name, default)
        In the order of the call. A default is a number, or an expression such as ``"close"``;
        None: it has to be given.
    """

    name: str
    parameters: tuple[tuple[str, str | None], ...]
    text: str
    meaning: str
    source: str

    @property
    def signature(self) -> str:
        """How a call is written, such as ``rsi(x=close, n=14)``."""
        shown = [n if d is None else f"{n}={d}" for n, d in self.parameters]
        return f"{self.name}({', '.join(shown)})"

    def tree(self) -> ast.expr:
        """Return the formula's syntax tree."""
        return _parsed(self.text)


@cache
def _parsed(text: str) -> ast.expr:
    return parse(text)


@cache
def indicators() -> dict[str, Indicator]:
    """All named indicators, by name."""
    text = files("edgekeeper.features").joinpath("indicators.toml").read_text("utf-8")
    found = {}
    for name, entry in tomllib.loads(text).items():
        pairs = [part.partition("=") for part in entry.get("parameters", "").split(",") if part]
        parameters = tuple(
            (key.strip(), default.strip() if equals else None) for key, equals, default in pairs
        )
        found[name] = Indicator(name, parameters, entry["text"], entry["meaning"], entry["source"])
    return found
