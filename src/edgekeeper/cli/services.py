"""What commands can ask for: the acts that ``build`` wires, seen from below."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import typer

if TYPE_CHECKING:
    from edgekeeper.bars import Bars
    from edgekeeper.config import Config
    from edgekeeper.ledger import Gap, LetGo, Verified
    from edgekeeper.registry import Package
    from edgekeeper.report import LiveScreen, Snapshot, Story
    from edgekeeper.report.tell import Market
    from edgekeeper.stats.performance import Performance
    from edgekeeper.stats.scores import Scores
    from edgekeeper.validate import Verdict

__all__ = ["DemoMarket", "Services", "services_of"]


class Replayed(Protocol):
    """A finished replay."""

    @property
    def story(self) -> "Story":
        """Figures and series."""
        ...

    @property
    def summary(self) -> dict[str, Any]:
        """The figures of ``--json``."""
        ...


class DemoMarket(Protocol):
    """A market of the demo, made when its turn comes."""

    @property
    def name(self) -> str:
        """Short name, also of its folder."""
        ...

    @property
    def title(self) -> str:
        """The same for a reader."""
        ...

    @property
    def instants(self) -> int:
        """Instants to expect."""
        ...

    @property
    def make(self) -> "Callable[[], tuple[Market, Bars, Config]]":
        """Make or load its bars."""
        ...


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


class Certified(Protocol):
    """What validation ends in."""

    @property
    def verdict(self) -> str:
        """``passed``, ``refused`` or ``needs approval``."""
        ...

    @property
    def reasons(self) -> Sequence[str]:
        """Why, one sentence each."""
        ...

    @property
    def scores(self) -> "Scores":
        """Of the forecasts, on bars the package never saw."""
        ...

    @property
    def performance(self) -> "Performance":
        """Of its virtual book there."""
        ...

    @property
    def evidence(self) -> Mapping[str, float]:
        """Wealth of the bets against cash, own average exposure and the rules."""
        ...

    @property
    def figures(self) -> Mapping[str, Any]:
        """Counts and dates."""
        ...


class Backtested(Protocol):
    """What a back-test ends in."""

    @property
    def performance(self) -> "Performance":
        """Of the account."""
        ...

    @property
    def double_cost(self) -> "Performance":
        """The same at twice the costs."""
        ...

    @property
    def rules(self) -> "Performance":
        """Of the rules alone."""
        ...

    @property
    def trades(self) -> int:
        """How many."""
        ...

    @property
    def note(self) -> str:
        """How far the bars can be believed."""
        ...

    @property
    def figures(self) -> Mapping[str, Any]:
        """Everything measured, for programs."""
        ...


class AuditedRun(Protocol):
    """A record that holds."""

    @property
    def head(self) -> str:
        """The ledger hash."""
        ...

    @property
    def chains(self) -> "tuple[Verified, ...]":
        """Links and rows of each role."""
        ...

    @property
    def seals(self) -> int:
        """How many seals the chains reach."""
        ...

    @property
    def packages(self) -> int:
        """How many packages were found by hash."""
        ...

    @property
    def bars(self) -> int:
        """How many bars were found by hash."""
        ...

    @property
    def replayed(self) -> dict[str, int]:
        """Links that came back, by role."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the record reaches the last of its bars."""
        ...

    @property
    def segments(self) -> int:
        """How many segments were found by hash."""
        ...

    @property
    def let_go(self) -> "tuple[LetGo, ...]":
        """Segments that retention gave up."""
        ...

    @property
    def gaps(self) -> "tuple[Gap, ...]":
        """Where rows were not kept for want of room."""
        ...


class Narrator(Protocol):
    """Whatever shows how a long act is doing."""

    def phase(self, text: str) -> None:
        """Say what is being done now."""
        ...

    def update(self, snapshot: "Snapshot") -> None:
        """Show where the run stands."""
        ...


class AuditAct(Protocol):
    """Prove a run."""

    def __call__(
        self,
        run: Path,
        *,
        ledger_url: str | None,
        head: str | None,
        since_ns: int | None,
        screen: Narrator,
    ) -> AuditedRun:
        """Prove it."""
        ...


class ReplayAct(Protocol):
    """Run the whole loop over history."""

    def __call__(
        self,
        bars: "Bars",
        config: "Config",
        *,
        out: Path | None,
        market: "Market",
        screen: "LiveScreen",
        ledger_url: str | None = None,
    ) -> Replayed:
        """Run it."""
        ...


class ReportAct(Protocol):
    """Write one page for several markets."""

    def __call__(self, path: Path, stories: "list[Story]", *, title: str) -> None:
        """Write it."""
        ...


class TrainAct(Protocol):
    """Fit, judge and package a candidate."""

    def __call__(
        self,
        bars: "Bars",
        *,
        learner: str,
        features: tuple[str, ...] | None,
        config: "Config",
        out: Path | None,
    ) -> TrainedPackage:
        """Train it."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """The acts, each importing what it needs when it is called."""

    replay: ReplayAct
    demo_markets: Callable[[], Sequence[DemoMarket]]
    write_report: ReportAct
    train: TrainAct
    validate: "Callable[[Package, Bars, Config], Certified]"
    backtest: "Callable[[Package, Bars, Config], Backtested]"
    audit: AuditAct


def services_of(context: typer.Context) -> Services:
    """Return what the application was made with."""
    services = context.find_object(Services)
    assert services is not None
    return services
