"""The learner of a live run, as a process: ``python -m edgekeeper.learning RUN``.

Reads a request from each line of its input, fits on the bars and the record of the run in the
folder RUN, leaves package and link, and answers with a line. It ends with its input.
"""

import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from edgekeeper.atomic import write_atomically
from edgekeeper.auditing import find_bars, read_settings, registry_of
from edgekeeper.child import stand_back
from edgekeeper.errors import EdgekeeperError
from edgekeeper.learn import FitRequest, LearnService, training_metrics
from edgekeeper.ledger import Ledger
from edgekeeper.living import bars_of_step, recorded_bequests, recorded_steps
from edgekeeper.market.live.run_folder import live_bars, read_traded
from edgekeeper.paper import LEDGER_VARIABLE
from edgekeeper.trade import BARS, Tape

__all__ = ["Learner", "main"]


class Learner:
    """Fits the lines of a live run beside it: the only writer of role ``learn``.

    Parameters
    ----------
    folder : Path
        Of the run.
    ledger : Ledger
        Opened for writing.
    """

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.folder, self.ledger = folder, ledger
        config = read_settings(ledger)
        self.interval = read_traded(folder).interval
        self.tape = Tape(find_bars(folder / "bars"), config)
        registry = registry_of(folder, config)
        self.learn = LearnService(self.tape.feed, config, ledger, registry)
        for one in recorded_bequests(ledger):
            self.learn.continue_from(one.line, one.package)
        self.learn.take_over()

    def fit(self, request: FitRequest) -> str | None:
        """Fit, judge, package and record; return the package's hash, None: too little data."""
        self._look(request.now_ns)
        made = self.learn.refit(request.line, request.now_ns, request.epoch, request.wish)
        text = json.dumps(training_metrics(self.ledger), indent=2)
        write_atomically(self.folder / "models" / "training_metrics.json", text.encode())
        return made

    def _look(self, until_ns: int) -> None:
        """Take the bars that the run has taken since, exactly as it did."""
        steps = [
            step
            for step in recorded_steps(self.ledger)
            if step.kind == BARS and int(self.tape.bars.event_time[-1]) < step.until_ns <= until_ns
        ]
        if not steps:
            return
        stored = live_bars(self.folder, self.interval, self.tape.bars.symbols)
        for step in steps:
            self.tape.extend(bars_of_step(stored, step, self.tape.bars))


def main(folder: str) -> None:
    """Answer requests until the input ends."""
    stand_back()
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # what a library prints is no answer
        requests = _requests()
        place = os.environ.get(LEDGER_VARIABLE) or Path(folder) / "ledger.sqlite"
        with Ledger.open(place, patience_s=60.0) as ledger:
            learner: Learner | None = None
            while True:
                request = FitRequest.from_json(requests())
                try:
                    learner = learner or Learner(Path(folder), ledger)
                    package, problem = learner.fit(request), ""
                except EdgekeeperError as error:
                    package, problem = None, str(error)
                answers.write(json.dumps({"package": package, "problem": problem}) + "\n")
                answers.flush()


def _requests() -> Callable[[], str]:
    """Read the input in a thread, which ends this process with it, whatever it is doing."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return lines.get


if __name__ == "__main__":
    main(*sys.argv[1:])
