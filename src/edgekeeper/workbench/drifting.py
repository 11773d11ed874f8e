"""Compare what the model in a run's seat was trained on with the bars since."""

from pathlib import Path

import polars as pl

from edgekeeper.errors import BadData
from edgekeeper.features import FeatureSet
from edgekeeper.learn.seat_drift import SeatDrift, compare_seat
from edgekeeper.ledger import Ledger
from edgekeeper.registry import Package, Registry
from edgekeeper.workbench.forecasting import with_signals
from edgekeeper.workbench.run_bars import RunData, read_run

__all__ = ["drift_at", "drift_of_run"]


def drift_of_run(
    run: str | Path, *, recent_bars: int = 126, level: float = 0.05, ledger_url: str | None = None
) -> SeatDrift:
    """Compare the champion, or else the newest accepted package, with a run's recent bars.

    Raises
    ------
    BadData
        No package, no bars, or too few of them.
    """
    folder = Path(run)
    with Ledger.open(ledger_url or folder / "ledger.sqlite", read_only=True) as ledger:
        return drift_at(
            folder, ledger, read_run(folder, ledger), recent_bars=recent_bars, level=level
        )


def drift_at(
    folder: Path, ledger: Ledger, data: RunData, *, recent_bars: int, level: float = 0.05
) -> SeatDrift:
    """Compare the package in the seat at the newest of a run's bars, which may be an earlier one.

    Raises
    ------
    BadData
        No package yet, or too few bars.
    """
    bars = data.bars
    package = _seated(Registry(folder / "models"), ledger, int(bars.instants[-1]))
    features = FeatureSet(package.features)
    asks = any(name.startswith("signal.") for name in features.columns)
    matrix = features.matrix(with_signals(bars, data.config) if asks else bars)
    return compare_seat(
        package, matrix, bars, data.labels, ledger, recent_bars=recent_bars, level=level
    )


def _seated(registry: Registry, ledger: Ledger, now_ns: int) -> Package:
    # The pointer knows the present alone; what was in the seat before, the record says.
    last = ledger.read("equity", ["event_time_ns"], order=["event_time_ns"], descending=True,
                       limit=1)  # fmt: skip
    champion = registry.pointer().champion
    if champion is not None and (last.height == 0 or last["event_time_ns"][0] <= now_ns):
        return registry.load(champion)
    known = ledger.read("packages", ["hash", "line", "verdict"], until_ns=now_ns)
    accepted = known.filter(known["verdict"] == "accepted")
    if accepted.height == 0:
        raise BadData("expected a package that passed its gates, found none in this run by then")
    return registry.load(_of_champion(ledger, accepted, now_ns))


def _of_champion(ledger: Ledger, accepted: pl.DataFrame, now_ns: int) -> str:
    """Newest package of the line that traded then; of any, where none did."""
    stages = dict(ledger.read("stages", ["line", "to_stage"], until_ns=now_ns).iter_rows())
    own = [
        package
        for package, line in accepted.select("hash", "line").iter_rows()
        if stages.get(line) == "production"
    ]
    return str(own[-1] if own else accepted["hash"][-1])
