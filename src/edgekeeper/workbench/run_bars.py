"""Everything a run's record speaks of: its settings, its bars up to now, their outcomes."""

import json
from dataclasses import dataclass
from pathlib import Path

from edgekeeper.bars import Bars, joined
from edgekeeper.config import Config, parse_config
from edgekeeper.errors import BadData
from edgekeeper.features import evaluate
from edgekeeper.labels import Labels
from edgekeeper.ledger import Ledger
from edgekeeper.market import longest_snapshot
from edgekeeper.market.live.run_folder import live_bars, read_traded
from edgekeeper.train import barrier_of
from edgekeeper.types import Float64Array

__all__ = ["RunData", "bars_of_run", "read_run"]


@dataclass(frozen=True, slots=True)
class RunData:
    """A run's configuration, its bars, and what became of a trade begun at each.

    Attributes
    ----------
    volatility : float64 [N]
        Predicted at each bar, as the configuration says.
    """

    config: Config
    bars: Bars
    volatility: Float64Array
    labels: Labels


def read_run(folder: Path, ledger: Ledger, until_ns: int | None = None) -> RunData:
    """Read what lies beside a record, of a replay or of a live run.

    Parameters
    ----------
    until_ns : int, optional
        Bars that closed later are left out, and outcomes that were not known by then with them.

    Raises
    ------
    BadData
        No run on record, or no bars beside it.
    """
    runs = ledger.read("runs", ["config_json"])
    if runs.height == 0:
        raise BadData(f"expected a run in {ledger.place}, got an empty record")
    held = json.loads(runs["config_json"][-1])
    config = parse_config(held[0] if isinstance(held, list) else held)
    bars = bars_of_run(folder, ledger)
    if until_ns is not None:
        bars = bars.until(until_ns)
        if len(bars) == 0:
            raise BadData("expected a moment after the first bar of the run, got an earlier one")
    volatility = evaluate(config.labels.volatility, bars)
    labels = barrier_of(config).label(bars, volatility)
    return RunData(config, bars, volatility, labels)


def bars_of_run(folder: Path, ledger: Ledger) -> Bars:
    """Bars of a run: of a live one with those that came, up to its last step on record.

    Raises
    ------
    BadData
        No bars beside the record.
    """
    bars = longest_snapshot(folder / "bars")
    if bars is None:
        raise BadData(f"absent: the bars of this run, expected in {folder / 'bars'}")
    steps = ledger.read(
        "stretches", ["event_time_ns"], order=["event_time_ns"], descending=True, limit=1
    )
    if steps.height == 0:
        return bars
    came = live_bars(folder, read_traded(folder).interval, bars.symbols)
    return bars if came is None else joined(bars, came.until(int(steps["event_time_ns"][0])))
