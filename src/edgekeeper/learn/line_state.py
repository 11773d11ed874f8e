"""What the learning loop remembers of a line between refits."""

from dataclasses import dataclass

from edgekeeper.config import Config, LineConfig
from edgekeeper.features import FeatureSet
from edgekeeper.models import Model
from edgekeeper.rollout import recipe_hash, recipe_of
from edgekeeper.splits import HoldOut
from edgekeeper.train import Search, seed_of

__all__ = ["LineState"]


@dataclass(slots=True)
class LineState:
    """What the service remembers of a line between refits."""

    config: LineConfig
    features: FeatureSet
    left_out: dict[str, tuple[str, ...]]
    hold_out: HoldOut
    predecessor: Model | None = None
    parent: str | None = None
    refits: int = 0
    tuned: LineConfig | None = None
    searched_epoch: int = 0
    trials: int = 1

    def search_due(self, epoch: int) -> bool:
        """Whether the recipe's rule asks for a search at a refit after so many epochs."""
        rule = self.config.search
        if rule is None:
            return False
        return self.tuned is None or epoch - self.searched_epoch >= rule.every_epochs

    def note_search(self, search: Search, epoch: int) -> None:
        """Use what a search has chosen until the next; its trials count from now on."""
        found = {"parameters": search.recipe.parameters}
        self.tuned, self.searched_epoch = self.config.model_copy(update=found), epoch
        # The recipe's own parameters are tried again each time, and counted once.
        self.trials += len(search.trials) - 1

    def seed(self, config: Config, refit: int | None = None) -> int:
        """Seed of the next fit, or of one that was made.

        What a line learns online is no part of its fits: they are those of its recipe without.
        """
        offline = self.config.model_copy(update={"online": None})
        recipe = recipe_hash(recipe_of(offline, config))
        return seed_of(config.seed, recipe, self.refits if refit is None else refit)
