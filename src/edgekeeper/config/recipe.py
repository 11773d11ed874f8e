"""Recipes that come along: lines that belong together, each for one kind of market."""

from importlib.resources import files

from edgekeeper.errors import UsageError, nearest

__all__ = ["RECIPES", "recipe_text"]

RECIPES = {
    "peers": "which symbols do better than the others: for four or more that move together",
}
"""What lines of each learn."""


def recipe_text(name: str) -> str:
    """Return the TOML text of a recipe, comments and all.

    Raises
    ------
    UsageError
        No recipe of that name.

    Examples
    --------
    >>> print(recipe_text("peers").splitlines()[0])
    # For several symbols that one factor moves together: edgekeeper replay ... --config peers
    """
    if name not in RECIPES:
        raise UsageError(
            f"unknown recipe {name!r}{nearest(name, RECIPES)}; there is {', '.join(RECIPES)}"
        )
    path = files("edgekeeper.config").joinpath("recipes").joinpath(f"{name}.toml")
    return path.read_text("utf-8")
