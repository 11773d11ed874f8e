"""A candidate: one model to be judged, one to be shipped, from the same recipe and data.

The *judged* model is fitted on the older 80 % and forecasts the newest 20 %, which nothing in its
making has read. The *shipped* model repeats the same steps on everything known, so that it is not
a year out of date on its first day; its manifest says so.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from edgekeeper.config import Config, LineConfig
from edgekeeper.errors import Refused, UsageError
from edgekeeper.models import Model
from edgekeeper.splits import HoldOut
from edgekeeper.stats.calibration import effective_size
from edgekeeper.train.clairvoyance import clairvoyant_columns
from edgekeeper.train.data import TrainingData
from edgekeeper.train.fit import fit_model, make_learner
from edgekeeper.train.search import Search, search_parameters
from edgekeeper.train.trial import Progress
from edgekeeper.types import BoolArray, Int64Array, Learner

__all__ = ["Candidate", "KnownRows", "known_rows", "train_candidate"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What training ends in. Never a champion.

    Attributes
    ----------
    judged, shipped : Model
    rows : int64 [n]
        Everything known, which ``shipped`` has seen.
    hold_out : int64 [m]
        Newest rows, which ``judged`` has not seen.
    samples : float
        Effective number of independent outcomes among ``rows``.
    hold_out_uses : int
        How many fits have read an overlapping hold-out, this one included.
    searched : Search or None
        What was tried beforehand, on the older rows, where it was asked for.
    clairvoyant : mapping of feature to AUC
        Features that alone forecast too well to be true, on the older rows.
    """

    judged: Model
    shipped: Model
    rows: Int64Array
    hold_out: Int64Array
    samples: float
    hold_out_uses: int
    searched: Search | None = None
    clairvoyant: Mapping[str, float] = field(default_factory=dict)


class KnownRows(NamedTuple):
    """What may be learned from: all of it, the part that no hold-out judges, and how much it is.

    ``samples`` is the effective number of independent outcomes among ``rows``.
    """

    rows: Int64Array
    older: Int64Array
    samples: float


def known_rows(
    data: TrainingData,
    line: LineConfig,
    config: Config,
    now_ns: int,
    hold_out: HoldOut,
    signalled: BoolArray | None = None,
) -> KnownRows:
    """Return the rows known at ``now_ns``, and those of them older than the hold-out.

    Raises
    ------
    Refused
        Too few outcomes, or none older than the hold-out.
    """
    rows = data.known_rows(now_ns, line.window_bars)
    if signalled is not None:
        rows = rows[signalled[rows]]
    samples = effective_size(data.uniqueness(rows)) if len(rows) else 0.0
    if samples < config.gates.min_samples:
        raise Refused(
            f"line {line.name}: expected {config.gates.min_samples} independent outcomes to learn "
            f"from, got {samples:.0f}: wait for more bars, or add symbols"
        )
    try:
        older = rows[hold_out.older(data.labels.start_time[rows], data.labels.end_time[rows])]
    except UsageError as error:
        raise Refused(f"line {line.name}: {error}") from error
    if len(older) == 0:
        raise Refused(
            f"line {line.name}: expected outcomes known before the hold-out begins, got none: the "
            "horizon is too long for so short a history; wait for more bars"
        )
    return KnownRows(rows, older, samples)


def train_candidate(
    data: TrainingData,
    line: LineConfig,
    config: Config,
    *,
    now_ns: int,
    seed: int,
    hold_out: HoldOut,
    signalled: BoolArray | None = None,
    search_seed: int | None = None,
    search_jobs: int = 1,
    progress: Progress | None = None,
    learner: Learner | None = None,
) -> Candidate:
    """Fit a recipe on what is known at ``now_ns``.

    ``signalled`` keeps only bars for which there was a signal; without it every bar is one.
    ``search_seed`` asks for a search by the line's rule first; both fits then use its choice.
    ``search_jobs`` of its trials run side by side, and ``progress`` hears of them.
    ``learner`` stands in for the one the recipe names, see :func:`fit_model`.

    Raises
    ------
    Refused
        Fewer effective outcomes than ``gates.min_samples``, or of too few instants to hold some
        out and to split the rest.
    UsageError
        An unknown learner or parameter.
    """
    if learner is None:
        make_learner(line)  # a wrong recipe is told before any work
    known = known_rows(data, line, config, now_ns, hold_out, signalled)
    rows, older = known.rows, known.older
    start, end = data.labels.start_time[rows], data.labels.end_time[rows]
    searched = None
    if search_seed is not None:
        searched = search_parameters(
            data, older, line, config, seed=search_seed, jobs=search_jobs, progress=progress
        )
        line = searched.recipe
    newest = rows[hold_out.read(start, end)]
    # Both fits spend their time in compiled code that lets go of the interpreter.
    with ThreadPoolExecutor(max_workers=2) as pool:
        judged, shipped = pool.map(
            lambda part: fit_model(data, part, line, config, seed=seed, learner=learner),
            (older, rows),
        )
    return Candidate(
        judged=judged,
        shipped=shipped,
        rows=rows,
        hold_out=newest,
        samples=known.samples,
        hold_out_uses=hold_out.uses(start, end),
        searched=searched,
        clairvoyant=clairvoyant_columns(data, older, config.gates.max_auc),
    )
