"""What the record of ``ensembles.py`` says: means over markets with intervals.

``scripts/models_page.py`` reads it, too, so nothing of what is measured is imported here.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results" / "ensembles.jsonl"
REPETITIONS = 2_000


def read_results(file: Path = RESULTS) -> list[dict[str, Any]]:
    """Return what is on record."""
    if not file.exists():
        return []
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@dataclass(frozen=True)
class Over:
    """What a recipe has over another on the markets of a kind, with 95 % intervals.

    ``percent`` is what its mean Sharpe ratio is above the other's; NaN where the other's is not
    clearly above zero.
    """

    kind: str
    recipe: str
    against: str
    markets: int
    better: int
    sharpe: tuple[float, float, float]
    loss: tuple[float, float, float]
    percent: tuple[float, float, float]


def summarise(rows: list[dict[str, Any]]) -> list[Over]:
    """Means over the markets of each kind, which are resampled for the intervals."""
    found = []
    for kind in dict.fromkeys(row["kind"] for row in rows):
        own = [row for row in rows if row["kind"] == kind]
        for place, pair in enumerate(own[0]["pairs"]):
            pairs = [row["pairs"][place] for row in own]
            gained = np.array([p["sharpe_gained"] for p in pairs])
            saved = np.array([p.get("loss_saved", math.nan) for p in pairs])
            ours = np.array([row["recipes"][pair["recipe"]]["sharpe"] for row in own])
            found.append(
                Over(kind, pair["recipe"], pair["against"], len(own), int((gained > 0.0).sum()),
                     resampled(gained), resampled(saved), in_percent(ours, ours - gained))
            )  # fmt: skip
    return found


def _draws(n: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, n, (REPETITIONS, n))


def resampled(values: np.ndarray) -> tuple[float, float, float]:
    """Mean and its interval over markets."""
    low, high = np.quantile(values[_draws(len(values))].mean(axis=1), [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def in_percent(ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float, float]:
    """How far one mean is above the other, and its interval over markets."""
    place = _draws(len(ours))
    below = theirs[place].mean(axis=1)
    if np.quantile(below, 0.025) <= 0.0:
        return math.nan, math.nan, math.nan
    low, high = np.quantile(ours[place].mean(axis=1) / below - 1.0, [0.025, 0.975])
    return tuple(100.0 * float(v) for v in (ours.mean() / theirs.mean() - 1.0, low, high))
