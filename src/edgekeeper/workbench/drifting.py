"""Compare what the model in a run's seat was trained on with the bars since."""

import json
from pathlib import Path

from edgekeeper.config import parse_config
from edgekeeper.errors import BadData
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.learn.seat_drift import SeatDrift, compare_seat
from edgekeeper.ledger import Ledger
from edgekeeper.market import longest_snapshot
from edgekeeper.registry import Package, Registry
from edgekeeper.train import barrier_of
from edgekeeper.workbench.forecasting import with_signals

__all__ = ["drift_of_run"]


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
        config = parse_config(json.loads(ledger.read("runs", ["config_json"])[0, 0]))
        bars = longest_snapshot(folder / "bars")
        if bars is None:
            raise BadData(f"absent: the bars of this run, expected in {folder / 'bars'}")
        package = _seated(Registry(folder / "models"), ledger)
        features = FeatureSet(package.features)
        asks = any(name.startswith("signal.") for name in features.columns)
        matrix = features.matrix(with_signals(bars, config) if asks else bars)
        labels = barrier_of(config).label(bars, evaluate(config.labels.volatility, bars))
        return compare_seat(
            package, matrix, bars, labels, ledger, recent_bars=recent_bars, level=level
        )


def _seated(registry: Registry, ledger: Ledger) -> Package:
    champion = registry.pointer().champion
    if champion is not None:
        return registry.load(champion)
    made = ledger.read("packages", ["hash", "verdict"])
    accepted = [name for name, verdict in made.iter_rows() if verdict == "accepted"]
    if not accepted:
        raise BadData("expected a package that passed its gates, found none in this run")
    return registry.load(accepted[-1])
