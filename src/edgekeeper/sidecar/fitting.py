"""``python -m edgekeeper.sidecar.fitting FOLDER``: fits in a process of its own, when asked to.

Reads a request from each line of its input, reads outcomes from the record, leaves a package in
the folder and answers with a line. It writes nothing into the record, and ends with its input.
"""

import json
import os
import queue
import sys
import threading
from pathlib import Path

import numpy as np

from edgekeeper.child import stand_back
from edgekeeper.config import Config
from edgekeeper.errors import EdgekeeperError, Refused
from edgekeeper.learn import FitRequest
from edgekeeper.ledger import Ledger
from edgekeeper.sidecar.fit import FitRows, fit_signals
from edgekeeper.sidecar.inputs import SignalRow
from edgekeeper.sidecar.model import save_model
from edgekeeper.sidecar.settings import LEDGER_VARIABLE, config_of, learner_of

__all__ = ["main", "read_rows"]

_MOST_ROWS = 50_000
_MOST_WEIGHT = 10.0
_SIGNAL = (
    "id", "event_time_ns", "symbol", "side", "source", "confidence", "features_json",
    "bar_features_json", "size", "chance",
)  # fmt: skip


def read_rows(ledger: Ledger, until_ns: int) -> FitRows:
    """Return signals whose outcome was on record at an instant of wall time, oldest first.

    What the bot told goes before what bars show. A signal that was traded only by the dice of its
    id stands for those that were not.
    """
    outcomes = ledger.read(
        "sidecar_outcomes",
        ["id", "source", "event_time_ns", "wall_time_ns", "net_return", "exit_reason"],
        order=["event_time_ns"], descending=True, limit=2 * _MOST_ROWS,
    )  # fmt: skip
    ended: dict[str, tuple[int, float, str | None]] = {}
    not_traded: set[str] = set()
    for id, source, closed, known, net, reason in outcomes.reverse().iter_rows():
        if known > until_ns:
            continue
        if net is None:
            not_traded.add(id)
        elif source == "bot" or id not in ended:
            ended[id] = (int(closed), float(net), reason)
    signals, facts = [], []
    rows = ledger.read(
        "sidecar_signals", _SIGNAL, order=["event_time_ns"], descending=True, limit=4 * _MOST_ROWS
    )
    for row in rows.reverse().iter_rows(named=True):
        if row["id"] not in ended or row["id"] in not_traded:
            continue
        closed, net, reason = ended[row["id"]]
        stopped = np.nan if reason is None else float("stop" in reason.lower())
        facts.append((closed, net, stopped, _weight(row["chance"])))
        said = json.loads(row["features_json"])
        bars = json.loads(row["bar_features_json"] or "{}")
        signals.append(
            SignalRow(
                row["event_time_ns"],
                row["symbol"],
                row["side"],
                row["source"],
                row["confidence"],
                said,
                bars,
            )
        )
    newest = slice(-_MOST_ROWS, None)
    table = np.array(facts[newest], dtype=np.float64).reshape(-1, 4)
    return FitRows(
        tuple(signals[newest]), np.array([row[0] for row in facts[newest]], dtype=np.int64),
        table[:, 1], table[:, 2], table[:, 3],
    )  # fmt: skip


def _weight(chance: float | None) -> float:
    """One over the chance that it was to be traded, within bounds; 1 where nobody decided."""
    return 1.0 if not chance else min(1.0 / chance, _MOST_WEIGHT)


def _fit(folder: Path, ledger: Ledger, config: Config, request: FitRequest) -> str:
    rows = read_rows(ledger, request.now_ns)
    if len(rows) < config.sidecar.min_outcomes:
        raise Refused(f"{len(rows)} outcomes, {config.sidecar.min_outcomes} are needed")
    package = fit_signals(
        rows, request.line, learner_of(request.line), config.gates, seed=config.seed
    )
    save_model(folder, package)
    return package.hash


def main(folder: str) -> None:
    """Answer requests until the input ends."""
    stand_back()
    place = os.environ.get(LEDGER_VARIABLE) or Path(folder) / "ledger.sqlite"
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # what a library prints is no answer
        requests = _requests()
        while True:
            request = FitRequest.from_json(requests.get())
            package, problem = None, ""
            try:
                with Ledger.open(place, read_only=True) as ledger:
                    config = config_of(Path(folder), ledger)
                    package = _fit(Path(folder), ledger, config, request)
            except EdgekeeperError as error:
                problem = str(error)
            answers.write(json.dumps({"package": package, "problem": problem}) + "\n")
            answers.flush()


def _requests() -> "queue.SimpleQueue[str]":
    """Read the input in a thread, which ends this process with it, whatever it is doing."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return lines


if __name__ == "__main__":
    main(*sys.argv[1:])
