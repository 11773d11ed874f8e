"""Where a search by hand is kept: an Optuna study in a journal file, in SQLite or PostgreSQL.

The search itself lives in memory; only finished trials are written, in order, so that a killed
process leaves nothing half done. Whatever reads Optuna studies reads these.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgekeeper.errors import BadData, StorageError, UsageError
from edgekeeper.models.learners import Span
from edgekeeper.train import FoldScore, Tried, distributions_of, freeze

if TYPE_CHECKING:
    from optuna import Study

__all__ = ["StudyFile"]

_SCORES = "scores"
_DATABASES = (".sqlite", ".sqlite3", ".db")
_TAKEN = ("trials.sqlite", "ledger.sqlite")


class StudyFile:
    """The trials of one study, whose name says what they were made from.

    Parameters
    ----------
    place : str or Path
        A URL of a database; a file ending in ``.sqlite`` or ``.db``; any other file is a journal.
    name : str
        Of the study: another name, another history.
    space : mapping of name to Span

    Raises
    ------
    UsageError
        A URL of an unknown kind, or a file that holds something else.
    StorageError
        It cannot be opened, or its driver is missing.
    """

    def __init__(self, place: str | Path, name: str, space: Mapping[str, Span]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._where = _shown(str(place))
        self._kinds = distributions_of(space)
        with self._told():
            storage = _storage(str(place))
            self._study: Study = optuna.create_study(
                storage=storage, study_name=name, direction="minimize", load_if_exists=True
            )
        self._written = 0

    def read(self) -> list[Tried]:
        """Everything tried so far, in order.

        Raises
        ------
        BadData
            Trials that something else has written.
        """
        with self._told():
            trials = self._study.get_trials(deepcopy=False)
        found = [self._tried(trial) for trial in trials]
        self._written = len(found)
        return found

    def append(self, tried: Sequence[Tried]) -> None:
        """Write what came next.

        Raises
        ------
        StorageError
            It cannot be written, or another process writes to the same study.
        """
        with self._told():
            there = len(self._study.get_trials(deepcopy=False))
            if there != self._written:
                raise StorageError(
                    f"{self._where}: expected {self._written} trials, got {there}: another "
                    "process writes to the same study; let it end first"
                )
            for one in tried:
                self._study.add_trial(self._frozen(one))
                self._written += 1

    def _frozen(self, one: Tried) -> Any:
        steps = [one.mean_loss(k + 1) for k in range(len(one.scores))]
        scores = [[s.loss, s.weight, s.blocks.tolist()] for s in one.scores]
        return freeze(one, self._kinds, steps, **{_SCORES: scores})

    def _tried(self, trial: Any) -> Tried:
        try:
            scores = tuple(
                FoldScore(float(loss), float(weight), np.array(blocks, dtype=np.float64))
                for loss, weight, blocks in trial.user_attrs[_SCORES]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadData(
                f"{self._where}: expected trials with their scores, got one without in study "
                f"{self._study.study_name!r}: name another file with --storage"
            ) from error
        whole = [np.isfinite([s.loss, s.weight, *s.blocks]).all() for s in scores]
        if not scores or not all(whole) or any(s.weight <= 0.0 for s in scores):
            raise BadData(f"{self._where}: expected finite scores, got trial {trial.number}")
        return Tried(dict(trial.params), scores, trial.state.name == "PRUNED")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what databases and files raise into an error that says where."""
        from optuna.exceptions import OptunaError
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (OptunaError, SQLAlchemyError, ImportError) as error:
            reason = type(error).__name__  # the text of these may hold a password
            raise StorageError(f"{self._where}: could not be used for a study: {reason}") from error
        except OSError as error:
            raise StorageError(f"{self._where}: {error.strerror or error}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise BadData(
                f"{self._where}: expected a journal of trials, got something else: {error}"
            ) from error


def _shown(place: str) -> str:
    """The place without what may be secret in it."""
    kind, separator, rest = place.partition("://")
    return f"{kind}://{rest.rpartition('@')[2].partition('?')[0]}" if separator else place


def _storage(place: str) -> Any:
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    if "://" in place:
        kind = place.partition("://")[0].partition("+")[0]
        if kind not in ("sqlite", "postgresql", "mysql"):
            raise UsageError(
                f"--storage: expected sqlite://, postgresql:// or a file, got {kind}://"
            )
        return RDBStorage(place)
    path = Path(place)
    if path.name in _TAKEN:
        raise UsageError(f"--storage: {path} holds a record of another kind: name another file")
    if path.is_dir():
        raise UsageError(f"--storage: expected a file, got the folder {path}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in _DATABASES:
        return RDBStorage(f"sqlite:///{path}")
    return JournalStorage(JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path))))
