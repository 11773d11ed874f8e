"""Every recipe is read, and its lines learn."""

import json
from importlib.resources import files

import pytest

from edgekeeper.build import replay
from edgekeeper.config import RECIPES, parse_config, recipe_text
from edgekeeper.errors import UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.worlds import make_world

BARS = 560


def test_all_recipes_are_known():
    folder = files("edgekeeper.config").joinpath("recipes")
    assert sorted(RECIPES) == sorted(path.name.removesuffix(".toml") for path in folder.iterdir())
    with pytest.raises(UsageError, match="unknown recipe 'pears'; did you mean 'peers'"):
        recipe_text("pears")


@pytest.mark.parametrize("name", RECIPES)
def test_its_lines_learn(name, tmp_path):
    config = parse_config(recipe_text(name))
    bars = make_world("planted", seed=2, symbols=3, bars=BARS, net_sharpe=14.0).bars
    place = str(tmp_path / "ledger.sqlite")
    replay(bars, config, ledger_url=place)
    with Ledger.open(place, read_only=True) as ledger:
        packages = ledger.read("packages")
        assert set(packages["line"]) == {line.name for line in config.lines}
        recipes = [json.loads(text)["line"] for text in ledger.read("lines")["recipe_json"]]
    asked = {line.name: line.model_dump(mode="json") for line in config.lines}
    assert recipes, "no fit passed its gates"
    for one in recipes:
        assert one.items() <= asked[one["name"]].items()
        assert one["extra_features"] == asked[one["name"]]["extra_features"]


def test_peers_are_not_made_up(tmp_path):
    config = parse_config(recipe_text("peers"))
    alone = make_world("planted", seed=2, symbols=1, bars=BARS, net_sharpe=14.0).bars
    with pytest.raises(UsageError, match=r"relative.*these bars have one"):
        replay(alone, config, ledger_url=str(tmp_path / "ledger.sqlite"))
