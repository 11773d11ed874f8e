"""Acts that look back on a run and tell of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from edgekeeper.report.sections import Telling

__all__ = ["AnalyzeAct", "ReviewAct", "Reviewed", "WeeklyAct"]


class Reviewed(Protocol):
    """A day or a week, told."""

    @property
    def name(self) -> str:
        """Of its files, without an ending."""
        ...

    @property
    def telling(self) -> "Telling":
        """What it says."""
        ...


class AnalyzeAct(Protocol):
    """Say what a run's record teaches."""

    def __call__(self, run: Path, *, ledger_url: str | None) -> "Telling":
        """Look at it from all sides."""
        ...


class ReviewAct(Protocol):
    """Review a day or a week of a run."""

    def __call__(
        self,
        run: Path,
        *,
        period: Literal["day", "week"],
        until_ns: int | None,
        ledger_url: str | None,
    ) -> Reviewed:
        """Review it."""
        ...


class Validated(Reviewed, Protocol):
    """A week, with its packages judged."""

    @property
    def wants(self) -> tuple[str, ...]:
        """What a person should look at."""
        ...

    @property
    def failed(self) -> bool:
        """Whether a package that trades is refused."""
        ...


class WeeklyAct(Protocol):
    """Validate a week of a run."""

    def __call__(self, run: Path, *, until_ns: int | None, ledger_url: str | None) -> Validated:
        """Validate it."""
        ...
