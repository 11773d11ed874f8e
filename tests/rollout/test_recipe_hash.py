"""What a search rule of today adds to a recipe changes no recipe of yesterday."""

from edgekeeper.config import Config, LineConfig, SearchConfig
from edgekeeper.rollout import recipe_hash, recipe_of


def hash_of(**search):
    line = LineConfig(name="a", search=SearchConfig(**search))
    return recipe_hash(recipe_of(line, Config()))


def test_a_random_search_is_the_recipe_it_always_was():
    written = recipe_of(LineConfig(name="a", search=SearchConfig()), Config())["line"]["search"]
    assert set(written) == {"rule", "trials", "every_epochs", "rows"}
    assert hash_of() == hash_of(folds=9, batch=3, prune=False)


def test_what_shapes_a_search_by_optuna_is_part_of_its_recipe():
    changes = ({}, {"folds": 4}, {"batch": 4}, {"prune": False}, {"trials": 9})
    assert len({hash_of(rule="optuna", **change) for change in changes}) == len(changes)
