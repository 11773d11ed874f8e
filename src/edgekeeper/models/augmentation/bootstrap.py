"""Stationary block bootstrap: stretches of time drawn again, so that neighbours stay neighbours."""

import numpy as np

from edgekeeper.config import AugmentationConfig
from edgekeeper.models.augmentation.appended import appended
from edgekeeper.types import Int64Array, TrainingRows

__all__ = ["bootstrap", "drawn_instants"]


def drawn_instants(
    instants: int, samples: int, block: float, random: np.random.Generator
) -> Int64Array:
    """Draw instants in blocks of geometric length, around the end back to the start.

    Politis & Romano (1994), "The stationary bootstrap".

    Examples
    --------
    >>> drawn_instants(100, 5, 1e9, np.random.default_rng(3)).tolist()
    [33, 34, 35, 36, 37]
    """
    begins = random.random(samples) < 1.0 / block
    begins[0] = True
    first = random.integers(0, instants, samples)
    place = np.arange(samples)
    block_start = np.maximum.accumulate(np.where(begins, place, 0))
    return (first[block_start] + place - block_start) % instants


def bootstrap(rows: TrainingRows, rule: AugmentationConfig, *, seed: int) -> TrainingRows:
    """Add about ``rule.samples`` rows, whole instants of all symbols, with mean block length.

    A copy keeps the times of its row: wherever rows are cut by time later, it goes where its
    original goes, and is purged with it.
    """
    instants, instant = np.unique(rows.start_time, return_inverse=True)
    a_row = len(rows) / len(instants)
    count = max(1, round(rule.samples / a_row))
    chosen = drawn_instants(len(instants), count, rule.block, np.random.default_rng(seed))
    order = np.argsort(instant, kind="stable")
    first = np.searchsorted(instant[order], np.arange(len(instants) + 1))
    copies = np.concatenate([order[first[i] : first[i + 1]] for i in chosen])
    return appended(rows, [rows.take(copies)])
