"""A refit that is asked for, and the answer to it, as they go between processes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from edgekeeper.learn.wish import Wish

__all__ = ["FitAnswer", "FitRequest"]


@dataclass(frozen=True, slots=True)
class FitRequest:
    """Fit a line on what was known at an instant.

    Attributes
    ----------
    line : str
    now_ns : int
        Last instant that may be read; the event time of the link it ends in.
    epoch : int
        Boundaries so far, for search rules.
    wish : Wish
        What is asked for beside the recipe.
    """

    line: str
    now_ns: int
    epoch: int
    wish: Wish = field(default_factory=Wish)

    def to_json(self) -> str:
        """Write it on one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` wrote."""
        values: Mapping[str, Any] = json.loads(text)
        return cls(**{**values, "wish": Wish.of(values["wish"])})


@dataclass(frozen=True, slots=True)
class FitAnswer:
    """What became of a request.

    Attributes
    ----------
    request : FitRequest
    package : str or None
        Hash of the package, which is on record and in the registry.
    problem : str
        Why there is none; empty where there was too little data for one.
    """

    request: FitRequest
    package: str | None = None
    problem: str = ""
