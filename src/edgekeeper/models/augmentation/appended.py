"""Rows put behind others, and all in order of time again."""

from dataclasses import replace

import numpy as np

from edgekeeper.types import TrainingRows

__all__ = ["appended"]


def appended(rows: TrainingRows, more: list[TrainingRows]) -> TrainingRows:
    """Return all rows, oldest first; of one instant, the given ones before those added."""
    parts = [rows, *more]
    together = replace(
        rows,
        features=np.concatenate([part.features for part in parts]),
        target=np.concatenate([part.target for part in parts]),
        weight=np.concatenate([part.weight for part in parts]),
        start_time=np.concatenate([part.start_time for part in parts]),
        end_time=np.concatenate([part.end_time for part in parts]),
        magnitude=np.concatenate([part.magnitude for part in parts]),
        timing=np.concatenate([part.timing for part in parts]),
    )
    return together.take(np.argsort(together.start_time, kind="stable"))
