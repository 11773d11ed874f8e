"""A search as facts of the ledger: everything it looked at, and what it chose."""

from edgekeeper.ledger import Transaction, TrialFacts, append_trials
from edgekeeper.train import Search

__all__ = ["append_search"]


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
    line = search.line
    facts = [
        TrialFacts(
            {"learner": line.learner, "features": features, **trial.parameters},
            trial.loss,
            trial.profile,
            chosen=place == search.chosen,
        )
        for place, trial in enumerate(search.trials)
    ]
    append_trials(
        tx,
        facts,
        study=f"search/{line.name}",
        line=line.name,
        time_ns=time_ns,
        data_hash=data_hash,
        labels_hash=labels_hash,
        metric="log_loss",
    )
