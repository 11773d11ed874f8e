"""Every recipe is a whole configuration: it is read, and its lines learn under it."""

import json
from pathlib import Path

import pytest

from edgekeeper.build import replay
from edgekeeper.cli.config_file import load_config
from edgekeeper.errors import UsageError
from edgekeeper.ledger import Ledger
from edgekeeper.worlds import make_world

FOLDER = Path(__file__).parents[2] / "examples/recipes"
RECIPES = sorted(FOLDER.glob("*.toml"))
BARS = 560


def test_all_recipes_are_found():
    assert [path.stem for path in RECIPES] == ["peers"]


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_its_lines_learn(path, tmp_path):
    config, origin = load_config(str(path))
    assert origin == str(path)
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
    config, _ = load_config(str(FOLDER / "peers.toml"))
    alone = make_world("planted", seed=2, symbols=1, bars=BARS, net_sharpe=14.0).bars
    with pytest.raises(UsageError, match=r"relative.*these bars have one"):
        replay(alone, config, ledger_url=str(tmp_path / "ledger.sqlite"))
