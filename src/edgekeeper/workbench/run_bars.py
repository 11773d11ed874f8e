"""Everything a run's record speaks of: its settings, its bars up to now, their outcomes."""

import json
from dataclasses import dataclass
from pathlib import Path

from edgekeeper.bars import Bars, GrowingBars
from edgekeeper.config import Config, parse_config
from edgekeeper.errors import BadData
from edgekeeper.features import evaluate
from edgekeeper.labels import Labels
from edgekeeper.ledger import Ledger
from edgekeeper.market import longest_snapshot, parse_interval
from edgekeeper.market.live.keeping import Kept, bars_of
from edgekeeper.train import barrier_of
from edgekeeper.types import Float64Array

__all__ = ["RunData", "read_run"]


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
    bars = longest_snapshot(folder / "bars")
    if bars is None:
        raise BadData(f"absent: the bars of this run, expected in {folder / 'bars'}")
    bars = _with_live(folder, ledger, bars)
    if until_ns is not None:
        bars = bars.until(until_ns)
        if len(bars) == 0:
            raise BadData("expected a moment after the first bar of the run, got an earlier one")
    volatility = evaluate(config.labels.volatility, bars)
    labels = barrier_of(config).label(bars, volatility)
    return RunData(config, bars, volatility, labels)


def _with_live(folder: Path, ledger: Ledger, bars: Bars) -> Bars:
    """Bars with those that came while the run lived, up to its last step on record."""
    steps = ledger.read(
        "stretches", ["event_time_ns"], order=["event_time_ns"], descending=True, limit=1
    )
    if steps.height == 0:
        return bars
    try:
        wanted = json.loads((folder / "paper.json").read_text("utf-8"))
        interval = parse_interval(str(wanted["interval"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadData(f"{folder / 'paper.json'} is missing or damaged ({error})") from error
    rows = Kept(folder / "live", interval, bars.symbols).rows(None, None)
    if rows.height == 0:
        return bars
    came = bars_of(rows).until(int(steps["event_time_ns"][0])).among(bars.symbols)
    begin = int((came.event_time <= bars.event_time[-1]).sum())
    if begin == len(came):
        return bars
    grown = GrowingBars(bars)
    grown.append(came.rows(begin, len(came)))
    return grown.bars
