"""Where a market's run ended, in a few words: tried, refused, promoted, retreated."""

from dataclasses import dataclass
from typing import Literal

from edgekeeper.report.story import Story

__all__ = ["ACCOUNTS", "Account", "Standing", "standing"]


@dataclass(frozen=True, slots=True)
class Account:
    """What a reader calls an account, and what it does."""

    label: str
    meaning: str


ACCOUNTS = {
    "edgekeeper": Account("Edgekeeper", "a model trades only once the evidence is in"),
    "always_newest": Account("Always-newest", "the same learner, every refit goes live"),
    "rules": Account("Rules", "the strategy's own signals, no model"),
    "buy_and_hold": Account("Buy and hold", "the market, at Edgekeeper's exposure"),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """The outcome of one market.

    Attributes
    ----------
    kind : str
        ``"trading"``, ``"retreated"``, ``"refused"`` or ``"empty"``.
    words : str
        The same for a reader.
    tried, refused : int
        Lines; one without a first fit was not tried.
    promotions, retreats : int
        Moves; one line can make several.
    """

    kind: Literal["trading", "retreated", "refused", "empty"]
    words: str
    tried: int
    refused: int
    promotions: int
    retreats: int

    @property
    def tally(self) -> str:
        """The four counts as one phrase; a count of retreats only where there were any."""
        parts = [
            f"{self.tried} {'line' if self.tried == 1 else 'lines'} tried",
            f"{self.refused} refused",
            f"{self.promotions} {'promotion' if self.promotions == 1 else 'promotions'}",
        ]
        if self.retreats:
            parts.append(f"{self.retreats} {'retreat' if self.retreats == 1 else 'retreats'}")
        return " · ".join(parts)


def standing(story: Story) -> Standing:
    """Read off a story's lines and marks how it ended."""
    kinds = [mark.kind for mark in story.marks]
    promotions, retreats = kinds.count("promotion"), kinds.count("retreat")
    tried = sum(len(line.time_ns) > 0 for line in story.lines)
    refused = sum(line.verdict.lower().startswith("refused") for line in story.lines)
    kind: Literal["trading", "retreated", "refused", "empty"]
    if any(line.stage == "production" for line in story.lines):
        kind, words = "trading", "Earned its place and trades"
    elif promotions or retreats:
        kind, words = "retreated", "Earned its place, then lost it"
    elif tried:
        kind, words = "refused", "Nothing earned a promotion"
    else:
        kind, words = "empty", "No line was tried"
    return Standing(kind, words, tried, refused, promotions, retreats)
