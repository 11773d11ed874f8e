"""A search as facts of the ledger: everything it looked at, and what it chose."""

from pathlib import Path

from edgekeeper.ledger import Transaction, TrialCount, TrialFacts, append_trials
from edgekeeper.ledger.studies import record_by_hand
from edgekeeper.train import Search

__all__ = ["append_search", "record_search_by_hand"]

_METRIC = "log_loss"


def append_search(
    tx: Transaction,
    search: Search,
    *,
    features: str,
    time_ns: int,
    data_hash: str,
    labels_hash: str,
) -> None:
    """Append all trials of a line's search to study ``search/LINE``; ``features`` is their hash."""
    append_trials(
        tx,
        _facts(search, features),
        study=f"search/{search.line.name}",
        line=search.line.name,
        time_ns=time_ns,
        data_hash=data_hash,
        labels_hash=labels_hash,
        metric=_METRIC,
    )


def record_search_by_hand(
    folder: Path,
    search: Search,
    *,
    features: str,
    time_ns: int,
    data_hash: str,
    labels_hash: str,
) -> TrialCount:
    """Put a search on record beside packages, each distinct trial once; return its study's count.

    Raises
    ------
    Refused
        The study is closed.
    """
    return record_by_hand(
        folder,
        _facts(search, features),
        study=f"search/{search.line.name}",
        line=search.line.name,
        time_ns=time_ns,
        data_hash=data_hash,
        labels_hash=labels_hash,
        metric=_METRIC,
    )


def _facts(search: Search, features: str) -> list[TrialFacts]:
    return [
        TrialFacts(
            {"learner": search.line.learner, "features": features, **trial.parameters},
            trial.loss,
            trial.profile,
            chosen=place == search.chosen,
        )
        for place, trial in enumerate(search.trials)
    ]
