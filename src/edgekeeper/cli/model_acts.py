"""Acts on models that commands can ask for: training one, tuning one, explaining one."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from edgekeeper.bars import Bars
    from edgekeeper.config import Config, SearchConfig
    from edgekeeper.explain import Attribution
    from edgekeeper.registry import Package
    from edgekeeper.train import Progress, Search
    from edgekeeper.types import Device
    from edgekeeper.validate import Verdict

__all__ = [
    "ExplainSignalAct",
    "ExplainedBar",
    "TrainAct",
    "TrainedPackage",
    "TuneAct",
    "TunedSearch",
]


class TrainedPackage(Protocol):
    """What training ends in."""

    @property
    def package(self) -> "Package":
        """The candidate."""
        ...

    @property
    def verdict(self) -> "Verdict":
        """What the gates say of it."""
        ...

    @property
    def folder(self) -> Path | None:
        """Where it was written, if anywhere."""
        ...

    @property
    def searched(self) -> "Search | None":
        """What was tried beforehand, where it was asked for."""
        ...

    @property
    def features(self) -> str:
        """Hash of the feature set."""
        ...


class TrainAct(Protocol):
    """Fit, judge and package a candidate."""

    def __call__(
        self,
        bars: "Bars",
        *,
        learner: str,
        parameters: Mapping[str, float | int | str | bool],
        features: tuple[str, ...] | None,
        line: str,
        config: "Config",
        out: Path | None,
        tune: int,
        jobs: int,
        progress: "Progress",
        device: "Device",
    ) -> TrainedPackage:
        """Train it."""
        ...


class TunedSearch(Protocol):
    """What a search by hand ends in."""

    @property
    def search(self) -> "Search":
        """Every trial, and the choice."""
        ...

    @property
    def importance(self) -> Mapping[str, float]:
        """Of the parameters."""
        ...

    @property
    def features(self) -> str:
        """Hash of the feature set."""
        ...

    @property
    def data_hash(self) -> str:
        """Of the bars."""
        ...

    @property
    def labels_hash(self) -> str:
        """Of brackets and costs."""
        ...

    @property
    def last_ns(self) -> int:
        """Newest bar."""
        ...


class TuneAct(Protocol):
    """Look for better parameters."""

    def __call__(
        self,
        bars: "Bars",
        *,
        learner: str,
        features: tuple[str, ...] | None,
        fixed: Mapping[str, float | int | str | bool],
        rule: "SearchConfig",
        config: "Config",
        storage: str,
        jobs: int,
        progress: "Progress",
    ) -> TunedSearch:
        """Search."""
        ...


class ExplainedBar(Protocol):
    """The score of one bar, taken apart."""

    @property
    def symbol(self) -> str:
        """Of the bar."""
        ...

    @property
    def time_ns(self) -> int:
        """When it closed."""
        ...

    @property
    def attribution(self) -> "Attribution":
        """What moved the score."""
        ...


class ExplainSignalAct(Protocol):
    """Take one score apart."""

    def __call__(
        self,
        package: "Package",
        bars: "Bars",
        config: "Config",
        *,
        symbol: str,
        at_ns: int | None,
        graph: bytes,
    ) -> ExplainedBar:
        """Explain it."""
        ...
