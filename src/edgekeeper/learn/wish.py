"""What whoever asks for a refit may wish beside the recipe: a window, a search, no floors."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from edgekeeper.config import REFIT_WINDOWS, LineConfig, RefitsConfig
from edgekeeper.errors import UsageError
from edgekeeper.types import Int64Array

__all__ = ["Wish"]

_YEAR_NS = 365.25 * 86_400e9


@dataclass(frozen=True, slots=True)
class Wish:
    """Of one refit; the default is the recipe as it stands.

    Attributes
    ----------
    window : {"", "recent", "full"}
        Rows to learn from: those of the recipe, or by ``[refits]`` of the configuration.
    tune : bool
        Search first, whether a search is due or not.
    force : bool
        Use the fit although it missed a floor. One that is implausible waits for a person all
        the same, and one that cannot be packaged is none.

    Examples
    --------
    >>> Wish.of({"force": True}).record()
    {'force': True}
    """

    window: str = ""
    tune: bool = False
    force: bool = False

    @classmethod
    def of(cls, detail: Mapping[str, Any]) -> Self:
        """Read one from the options of an order; those it does not know are not its own."""
        wish = cls(
            str(detail.get("window", "")),
            tune=bool(detail.get("tune", False)),
            force=bool(detail.get("force", False)),
        )
        if wish.window not in REFIT_WINDOWS:
            known = ", ".join(REFIT_WINDOWS[1:])
            raise UsageError(f"expected a window of {known}, got {wish.window!r}")
        return wish

    def record(self) -> dict[str, Any]:
        """What differs from the recipe."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value}

    def apply(
        self, line: LineConfig, refits: RefitsConfig, instants: Int64Array, now_ns: int
    ) -> LineConfig:
        """Return the line with the window that is wished for."""
        if not self.window:
            return line
        bars = refits.recent_bars
        if self.window == "full":
            last = int(np.searchsorted(instants, now_ns, side="right"))
            first = int(np.searchsorted(instants, now_ns - round(refits.full_years * _YEAR_NS)))
            bars = max(last - first, 60)
        return line.model_copy(update={"window_bars": bars})
