import pytest

from edgekeeper.config import Config, parse_config, recipe_text


def test_a_new_folder_gets_the_defaults(edgekeeper, tmp_path):
    done = edgekeeper("init", "bot", "--yes")
    assert done.code == 0
    assert parse_config((tmp_path / "bot/edgekeeper.toml").read_text()) == Config()
    assert "edgekeeper replay --bars YOUR.csv --config bot/edgekeeper.toml" in done.out


def test_programs_are_not_asked(edgekeeper, tmp_path):
    done = edgekeeper("init", "--json")
    assert done.json["hash"] == Config().hash()
    assert done.json["config"] == "edgekeeper.toml"
    assert done.json["next"] == "edgekeeper replay --bars YOUR.csv"


def test_a_configuration_is_never_overwritten(edgekeeper, tmp_path):
    (tmp_path / "edgekeeper.toml").write_text("seed = 4")
    done = edgekeeper("init", "--yes")
    assert done.code == 2
    assert "there already" in done.err
    assert (tmp_path / "edgekeeper.toml").read_text() == "seed = 4"


@pytest.fixture
def somebody(monkeypatch):
    """A person at the keyboard: the runner's input counts as a terminal."""
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True)


@pytest.mark.usefixtures("somebody")
def test_the_wizard_writes_what_was_answered(edgekeeper, tmp_path):
    answers = ["bars.csv", "AAPL, MSFT", "", "bank", "cash", "0.5", "x", "3", "n"]
    done = edgekeeper("init", input="\n".join(answers) + "\n")
    assert done.code == 0, done.err
    config = parse_config((tmp_path / "edgekeeper.toml").read_text())
    assert config.fallback == "cash"
    assert (config.costs.fee_bps, config.costs.half_spread_bps) == (0.5, 3.0)
    assert config.policy.shorting is False
    assert config.costs.slippage_bps == Config().costs.slippage_bps
    assert "one of rules, cash, follow_bot, please" in done.out
    assert "edgekeeper replay --bars bars.csv --symbols AAPL,MSFT" in done.out


@pytest.mark.usefixtures("somebody")
def test_enter_takes_the_defaults(edgekeeper, tmp_path):
    done = edgekeeper("init", input="\n" * 7)
    assert done.code == 0, done.err
    assert parse_config((tmp_path / "edgekeeper.toml").read_text()) == Config()
    assert "edgekeeper replay --bars bundled" in done.out


def test_a_recipe_is_a_beginning(edgekeeper, tmp_path):
    done = edgekeeper("init", "--recipe", "peers", "--json")
    assert done.code == 0, done.err
    written = parse_config((tmp_path / "edgekeeper.toml").read_text())
    assert written == parse_config(recipe_text("peers"))
    assert done.json["hash"] == written.hash() != Config().hash()
    assert "did you mean 'peers'" in edgekeeper("init", "new", "--recipe", "pears").err


@pytest.mark.usefixtures("somebody")
@pytest.mark.parametrize("options", [(), ("--recipe", "peers")], ids=["asked", "given"])
def test_the_wizard_offers_recipes(edgekeeper, tmp_path, options):
    answers = ["bars.csv", "all", *(() if options else ("peers",)), "cash", "", "", ""]
    done = edgekeeper("init", *options, input="\n".join(answers) + "\n")
    assert done.code == 0, done.err
    written = parse_config((tmp_path / "edgekeeper.toml").read_text())
    assert written.lines == parse_config(recipe_text("peers")).lines
    assert written.fallback == "cash"
    assert ("which symbols do better" in done.out) == (not options)


@pytest.mark.usefixtures("somebody")
def test_walking_away_leaves_nothing(edgekeeper, tmp_path):
    done = edgekeeper("init", input="bars.csv\n")
    assert done.code == 1
    assert "without an answer" in done.err
    assert not (tmp_path / "edgekeeper.toml").exists()


@pytest.mark.usefixtures("somebody")
def test_an_answer_out_of_range_is_named(edgekeeper, tmp_path):
    done = edgekeeper("init", input="\n\n\n\n-5\n\n\n")
    assert done.code == 2
    assert "costs.fee_bps" in done.err
    assert not (tmp_path / "edgekeeper.toml").exists()
