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
FOUR_MEMBERS = ("xgboost", "random_forest", "gradient_boosting", "lightgbm")
THREE_MEMBERS = ("lightgbm", "random_forest", "logistic")
BEST_MEMBER, RULES = "best member", "rules"
TO_BEAT: dict[str, dict[str, tuple[str, ...]]] = {
    "vote": {BEST_MEMBER: FOUR_MEMBERS, "lightgbm": ("lightgbm",)},
    "average": {BEST_MEMBER: THREE_MEMBERS, "lightgbm": ("lightgbm",)},
    "stack": {BEST_MEMBER: THREE_MEMBERS, "lightgbm": ("lightgbm",)},
    "recent": {"average": ("average",), BEST_MEMBER: THREE_MEMBERS},
    "regime": {"average": ("average",), BEST_MEMBER: THREE_MEMBERS},
    "regime, switched": {"average": ("average",), BEST_MEMBER: THREE_MEMBERS},
    "components, by regime": {"components, static": ("components, static",)},
    "components, learned": {"components, static": ("components, static",)},
    "lightgbm, 20 features": {"lightgbm": ("lightgbm",)},
    "lightgbm, SMOTE": {"lightgbm": ("lightgbm",)},
    "lightgbm, bootstrap": {"lightgbm": ("lightgbm",)},
}


@dataclass(frozen=True)
class Pair:
    """A recipe beside one it has to beat, on one market; ``which`` of several that was."""

    recipe: str
    against: str
    which: str
    sharpe_gained: float
    loss_saved: float


def pairs_of(row: dict[str, Any]) -> list[Pair]:
    """Return every recipe beside those it has to beat, and beside the rules."""
    figures = row["recipes"]
    found = []
    for recipe, rivals in TO_BEAT.items():
        for label, among in rivals.items():
            best = min(among, key=lambda rival: figures[rival]["loss"])
            gained = figures[recipe]["sharpe"] - figures[best]["sharpe"]
            saved = figures[best]["loss"] - figures[recipe]["loss"]
            found.append(Pair(recipe, label, best, gained, saved))
    for recipe, own in figures.items():
        gained = own["sharpe"] - row["rules_sharpe"]
        found.append(Pair(recipe, RULES, RULES, gained, math.nan))
    return found


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
        for pairs in zip(*map(pairs_of, own), strict=True):
            gained = np.array([pair.sharpe_gained for pair in pairs])
            saved = np.array([pair.loss_saved for pair in pairs])
            ours = np.array([row["recipes"][pairs[0].recipe]["sharpe"] for row in own])
            found.append(
                Over(kind, pairs[0].recipe, pairs[0].against, len(own), int((gained > 0.0).sum()),
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
