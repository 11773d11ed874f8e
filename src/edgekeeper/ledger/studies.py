"""Studies: named sets of trials, what people note about them, and when they close one.

Trials by hand are kept in ``trials.sqlite`` beside the packages they made; those of a replay in
the run's own ledger. A closed study takes no further trial, so its count can be quoted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgekeeper.errors import Refused, UsageError, nearest
from edgekeeper.ledger.ledger import Ledger
from edgekeeper.ledger.trials import (
    TrialCount,
    TrialFacts,
    append_trials,
    content_hash,
    count_trials,
)

__all__ = [
    "TRIALS_FILE",
    "Study",
    "check_trials",
    "note_study",
    "record_by_hand",
    "studies_of",
    "trials_by_hand",
]

TRIALS_FILE = "trials.sqlite"
_SUBJECT = "study "
_NOTE, _CLOSE = "study_note", "study_close"


@dataclass(frozen=True, slots=True)
class Study:
    """A named set of trials, as the record has it.

    Attributes
    ----------
    count : TrialCount
    metric : str
        What trials were measured by.
    best : float or None
        The best of it: the least loss, or the most of anything else.
    first_ns, last_ns : int
        Market time of the first and of the last trial.
    notes : tuple of str
    closed : bool
    """

    name: str
    count: TrialCount
    metric: str
    best: float | None
    first_ns: int
    last_ns: int
    notes: tuple[str, ...] = field(default_factory=tuple)
    closed: bool = False


def studies_of(ledger: Ledger) -> list[Study]:
    """Return all studies of a record, in the order of their first trial."""
    trials = ledger.read("trials")
    acts = ledger.read("approvals", ["subject", "kind", "reason"], where={"kind": [_NOTE, _CLOSE]})
    found = []
    for name in trials["study"].unique(maintain_order=True).to_list():
        own = trials.filter(trials["study"] == name)
        said = acts.filter(acts["subject"] == _SUBJECT + name)
        metric = str(own["metric"][0] or "")
        values = own["value"].drop_nulls()
        best = (values.min() if metric.endswith("loss") else values.max()) if len(values) else None
        found.append(
            Study(
                name,
                count_trials(own),
                metric,
                None if best is None else float(str(best)),
                int(own["event_time_ns"].to_list()[0]),
                int(own["event_time_ns"].to_list()[-1]),
                tuple(text for text in said["reason"].to_list() if text),
                _CLOSE in said["kind"].to_list(),
            )
        )
    return found


def note_study(
    ledger: Ledger, name: str, text: str, *, time_ns: int, actor: str, close: bool = False
) -> Study:
    """Add a note to a study, or close it; return how it stands now.

    Raises
    ------
    UsageError
        No such study, or one that is closed already.
    """
    study = _find(studies_of(ledger), name)
    if close and study.closed:
        raise UsageError(f"study {name!r} is closed already: its trials stay on record")
    with ledger.transaction("operations") as tx:
        tx.append(
            "approvals",
            {
                "event_time_ns": time_ns,
                "subject": _SUBJECT + name,
                "kind": _CLOSE if close else _NOTE,
                "answer": "closed" if close else "noted",
                "actor": actor,
                "reason": text or None,
                "detail_json": [{"trials": study.count.trials, "effective": study.count.effective}],
            },
        )
    return _find(studies_of(ledger), name)


def _find(studies: Sequence[Study], name: str) -> Study:
    for study in studies:
        if study.name == name:
            return study
    names = [study.name for study in studies]
    raise UsageError(
        f"expected the name of a study, got {name!r}{nearest(name, names)} "
        f"(there are: {', '.join(names) or 'none'})"
    )


def record_by_hand(
    folder: Path,
    trials: Sequence[TrialFacts],
    *,
    study: str,
    line: str,
    time_ns: int,
    data_hash: str,
    labels_hash: str,
    metric: str,
) -> TrialCount:
    """Put trials on record beside packages; the same again is free. Returns the study's count.

    Raises
    ------
    Refused
        The study is closed.
    StorageError
        See :meth:`Ledger.open`.
    BadData
        The same, or what is on record was changed or cut off.
    """
    with Ledger.open(folder / TRIALS_FILE) as ledger:
        check_trials(ledger)
        place = {"study": study, "data_hash": data_hash, "labels_hash": labels_hash}
        seen = set(ledger.read("trials", ["configuration_hash"], where=place).to_series())
        new = []
        for trial in trials:
            name = content_hash(trial.configuration)
            if name not in seen:
                seen.add(name)
                new.append(trial)
        if new:
            if any(known.name == study and known.closed for known in studies_of(ledger)):
                raise Refused(
                    f"study {study!r} is closed: a further trial would make the number it was "
                    "closed with untrue; begin another with --study NAME"
                )
            with ledger.transaction("learn", event_time_ns=time_ns) as tx:
                append_trials(
                    tx,
                    new,
                    study=study,
                    line=line,
                    time_ns=time_ns,
                    data_hash=data_hash,
                    labels_hash=labels_hash,
                    metric=metric,
                )
            ledger.seal(time_ns)
        return count_trials(ledger.read("trials", where={"study": study}))


def trials_by_hand(folder: Path) -> TrialCount | None:
    """Count all trials on record beside the packages of a folder; None where none is kept.

    Raises
    ------
    BadData
        The record was changed or cut off: its count would be untrue.
    """
    if not (folder / TRIALS_FILE).is_file():
        return None
    with Ledger.open(folder / TRIALS_FILE, read_only=True) as ledger:
        check_trials(ledger)
        return count_trials(ledger.read("trials"))


def check_trials(ledger: Ledger) -> None:
    """Recompute the chains of trials by hand, which are short, and hold them against their seals.

    Raises
    ------
    BadData
        Naming the first link that does not hold, or the seal that is not reached.
    """
    for role in ("learn", "operations"):
        ledger.verify(role)
    ledger.check_seals()
