"""What commands can ask for: the acts that ``build`` wires, seen from below."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

import typer

from edgekeeper.cli.look_back_acts import AnalyzeAct, ReviewAct, WeeklyAct
from edgekeeper.cli.model_acts import ExplainSignalAct, TrainAct, TuneAct

if TYPE_CHECKING:
    import polars as pl

    from edgekeeper.bars import Bars
    from edgekeeper.config import Config
    from edgekeeper.explain import Overview
    from edgekeeper.learn.seat_drift import SeatDrift
    from edgekeeper.ledger import Gap, LetGo, Verified
    from edgekeeper.registry import Package
    from edgekeeper.report.backtest_story import BacktestStory
    from edgekeeper.report.model_duel import ModelDuel
    from edgekeeper.report.snapshot import Snapshot
    from edgekeeper.report.story import Story
    from edgekeeper.report.targets import Target
    from edgekeeper.report.tell import Market
    from edgekeeper.report.terminal import LiveScreen
    from edgekeeper.validate import Certificate, Difference

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


class Judged(Protocol):
    """What validation ends in."""

    @property
    def certificate(self) -> "Certificate":
        """The verdict with everything it rests on."""
        ...


class Retold(Protocol):
    """A finished run, read back."""

    @property
    def story(self) -> "Story":
        """Figures and series."""
        ...

    @property
    def summary(self) -> dict[str, Any]:
        """The figures of ``replay --json``."""
        ...

    @property
    def targets(self) -> "list[Target]":
        """Hopes beside what was measured."""
        ...


class Compared(Protocol):
    """What a comparison ends in."""

    @property
    def differences(self) -> "tuple[Difference, ...]":
        """Figure by figure."""
        ...

    def to_polars(self) -> "pl.DataFrame":
        """Return the same as one frame."""
        ...


class Backtested(Protocol):
    """What a back-test ends in."""

    @property
    def story(self) -> "BacktestStory":
        """Figures and series."""
        ...

    @property
    def figures(self) -> Mapping[str, Any]:
        """Everything measured, for programs."""
        ...

    def html(self) -> str:
        """Return the report as a page."""
        ...


class BacktestAct(Protocol):
    """Trades a package over history."""

    def __call__(
        self,
        package: "Package",
        bars: "Bars",
        config: "Config",
        *,
        walk_forward: int | None,
        impact: Literal["square-root", "linear"],
        impact_coefficient: float,
    ) -> Backtested:
        """Trade it."""
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
    def on_a_card(self) -> int:
        """How many of them were fitted on a graphics card."""
        ...

    @property
    def trials_by_hand(self) -> int:
        """How many trials stand beside the packages, outside the run."""
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


class DriftAct(Protocol):
    """Compare what a run's model was trained on with the bars since."""

    def __call__(self, run: Path, *, recent_bars: int, level: float) -> "SeatDrift":
        """Compare it."""
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


class RetellAct(Protocol):
    """Read a finished run back."""

    def __call__(self, run: Path, *, ledger_url: str | None) -> Retold:
        """Read it."""
        ...


class ModelChapterAct(Protocol):
    """Hold a tuned ensemble against single models, on the markets of the demo's chapter."""

    def __call__(self, *, phase: Callable[[str], None]) -> "list[ModelDuel]":
        """Do so; ``phase`` hears what is being done."""
        ...


class WorldsAct(Protocol):
    """Run the whole loop over many made markets."""

    def __call__(
        self,
        *,
        kind: str,
        seeds: range,
        symbols: int,
        bars: int,
        edge: float | None,
        search: int,
        online: str,
        config: "Config",
        file: Path,
        jobs: int,
        done: Callable[[dict[str, Any]], None],
    ) -> list[dict[str, Any]]:
        """Run what ``file`` has no line of; return one record a market."""
        ...


class ValidateAct(Protocol):
    """Judge a package or a frame of forecasts."""

    def __call__(
        self,
        forecasts: Any,
        bars: "Bars",
        config: "Config",
        *,
        trials: int | None,
        trial_returns: Any,
        profile: str | None,
        champion: "Package | None",
        name: str,
    ) -> Judged:
        """Judge it."""
        ...


class PaperEnd(Protocol):
    """Where a live run stood when it was stopped."""

    @property
    def bars(self) -> int:
        """Taken in this session."""
        ...

    @property
    def equity(self) -> float:
        """Of the account."""
        ...

    @property
    def halted(self) -> bool:
        """Whether a person has to resume it."""
        ...

    @property
    def standing(self) -> str:
        """ACTIVE, REDUCING or HALTED."""
        ...

    def figures(self) -> dict[str, Any]:
        """Return the same for programs."""
        ...


class Served(Protocol):
    """How a service was when it was stopped."""

    def figures(self) -> dict[str, Any]:
        """Return it for programs."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """The acts, each importing what it needs when it is called."""

    replay: ReplayAct
    demo_markets: Callable[[], Sequence[DemoMarket]]
    model_chapter: ModelChapterAct
    write_report: ReportAct
    report: RetellAct
    train: TrainAct
    tune: TuneAct
    explain: "Callable[[Package, Bars | None, Config, bytes], Overview]"
    explain_signal: ExplainSignalAct
    validate: ValidateAct
    compare: "Callable[[Mapping[str, Any], Bars, Config], Compared]"
    backtest: BacktestAct
    paper: "Callable[..., PaperEnd]"
    serve: "Callable[..., Served]"
    audit: AuditAct
    drift: DriftAct
    analyze: AnalyzeAct
    review: ReviewAct
    weekly: WeeklyAct
    worlds: WorldsAct


def services_of(context: typer.Context) -> Services:
    """Return what the application was made with."""
    services = context.find_object(Services)
    assert services is not None
    return services
