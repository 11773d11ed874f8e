"""More training rows than there are: made of the training rows alone, off unless asked for.

Nothing here knows more than the rows it was given. It is made inside the fit, after every cut into
folds, and judged like any other change to a recipe.
"""

from edgekeeper.models.augmentation.augmented import AUGMENTATIONS, Augmented

__all__ = ["AUGMENTATIONS", "Augmented"]
