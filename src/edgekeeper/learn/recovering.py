"""Go on with a line from its record, as if the process that made its fits had never ended.

What the loop remembers between refits is a function of the fits on record: how often each hold-out
was read, what the last search chose, and the judged model of the last accepted fit, which is not
packaged. At most one fit and two searches are made again for it, whatever there was before.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekeeper.config import Config, LineConfig
from edgekeeper.learn.line_state import LineState
from edgekeeper.learn.wish import Wish
from edgekeeper.ledger import Ledger
from edgekeeper.registry import Registry
from edgekeeper.train import TrainingData, fit_model, search_parameters
from edgekeeper.types import BoolArray, Int64Array

__all__ = ["recover"]

_COLUMNS = ["fitted_at_ns", "hash", "refit_index", "verdict", "metrics_json"]


@dataclass(frozen=True, slots=True)
class _Made:
    """A fit on record: which rows it could read, and what was asked of it."""

    now_ns: int
    refit: int
    epoch: int
    wish: Wish
    rows: Int64Array
    older: Int64Array


def recover(
    state: LineState,
    data: TrainingData,
    config: Config,
    signalled: BoolArray,
    ledger: Ledger,
    registry: Registry,
) -> None:
    """Bring a fresh state to where the line's last fit on record left it.

    Parameters
    ----------
    state : LineState
        Changed in place.
    data : TrainingData
    config : Config
    signalled : bool [N]
        Bars for which there was a signal.
    ledger : Ledger
    registry : Registry
        For the manifest of the newest fit.
    """
    rows = ledger.read("packages", _COLUMNS, where={"line": state.config.name})
    if rows.height == 0:
        return
    ends = ledger.read("stretches", ["event_time_ns"], where={"kind": "boundary"})
    boundaries = ends["event_time_ns"].to_numpy()
    searches: list[_Made] = []
    accepted: tuple[_Made, _Made | None] | None = None
    for row in rows.iter_rows(named=True):
        epoch = int(np.searchsorted(boundaries, row["fitted_at_ns"], side="right"))
        made = _made(row, epoch, state, data, config, signalled)
        start, end = data.labels.start_time[made.rows], data.labels.end_time[made.rows]
        state.hold_out.readings.add(state.hold_out.period(start, end))
        if made.wish.tune or state.search_due(epoch):
            searches.append(made)
            # Only whether there was one counts for the next; what it chose comes below.
            state.tuned, state.searched_epoch = state.config, epoch
        state.refits += 1
        if row["verdict"] == "accepted":
            accepted = made, searches[-1] if searches else None
            state.parent = row["hash"]
    newest = registry.manifest(rows["hash"][-1]).provenance
    state.trials = int(str(newest.gates["trials"]))
    if searches:
        state.tuned = _chosen(searches[-1], state, data, config)
    if accepted is not None:
        made, search = accepted
        line = state.config if search is None else state.tuned or state.config
        if search is not None and search is not searches[-1]:
            line = _chosen(search, state, data, config)
        seed = state.seed(config, made.refit)
        line = made.wish.apply(line, config.refits, data.bars.instants, made.now_ns)
        state.predecessor = fit_model(data, made.older, line, config, seed=seed)


def _made(
    row: dict[str, Any],
    epoch: int,
    state: LineState,
    data: TrainingData,
    config: Config,
    signalled: BoolArray,
) -> _Made:
    wish = Wish.of(json.loads(row["metrics_json"]).get("wished", {}))
    now = int(row["fitted_at_ns"])
    line = wish.apply(state.config, config.refits, data.bars.instants, now)
    rows = data.known_rows(now, line.window_bars)
    rows = rows[signalled[rows]]
    older = state.hold_out.older(data.labels.start_time[rows], data.labels.end_time[rows])
    return _Made(now, row["refit_index"], epoch, wish, rows, rows[older])


def _chosen(search: _Made, state: LineState, data: TrainingData, config: Config) -> LineConfig:
    """Search once more; everything it looked at is on record already."""
    line = search.wish.apply(state.config, config.refits, data.bars.instants, search.now_ns)
    seed = state.seed(config, search.refit)
    found = search_parameters(data, search.older, line, config, seed=seed)
    return state.config.model_copy(update={"parameters": found.recipe.parameters})
