"""Then and now as a page: one HTML file that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgekeeper.report import drift_words as words
from edgekeeper.report.drift_picture import drift_picture
from edgekeeper.report.html import page_environment
from edgekeeper.report.picture import Picture
from edgekeeper.validate.feature_drift import DriftComparison

__all__ = ["DriftSection", "render_drift"]


@dataclass(frozen=True, slots=True)
class DriftSection:
    """One comparison of a page, such as a model's inputs.

    Attributes
    ----------
    title : str
    comparison : DriftComparison
    timed : bool
        Whether instants are times, or row numbers.
    """

    title: str
    comparison: DriftComparison
    timed: bool = True

    @property
    def sentence(self) -> str:
        """What it found."""
        return words.drift_sentence(self.comparison, self.timed)

    @property
    def next_step(self) -> str:
        """What to do about it."""
        return words.next_step(self.comparison)

    @property
    def picture(self) -> Picture:
        """Stability of each column in each stretch."""
        return drift_picture(self.comparison, self.title, timed=self.timed)

    @property
    def columns(self) -> list[tuple[str, ...]]:
        """Rows of all columns."""
        return words.column_rows(self.comparison)

    @property
    def pairs(self) -> list[tuple[str, ...]]:
        """Rows of the pairs that changed."""
        return words.pair_rows(self.comparison, 50)


def render_drift(
    sections: Sequence[DriftSection],
    *,
    title: str,
    lead: str,
    notes: Sequence[str],
    generated_from: str,
    importance: Sequence[tuple[str, ...]] = (),
) -> str:
    """Return a comparison as one HTML document that asks for nothing from outside."""
    return (
        page_environment()
        .get_template("drift.html.j2")
        .render(
            title=title,
            lead=lead,
            sections=sections,
            notes=notes,
            importance=importance,
            generated_from=generated_from,
            column_heads=words.COLUMN_HEADS,
            pair_heads=words.PAIR_HEADS,
            importance_heads=words.IMPORTANCE_HEADS,
        )
    )
