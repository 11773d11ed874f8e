import tomllib

import pytest
from pydantic import BaseModel

from edgekeeper.cli.config_comments import COMMENTS
from edgekeeper.cli.config_file import config_text, load_config
from edgekeeper.config import Config, LineConfig, parse_config, recipe_text
from edgekeeper.errors import StorageError, UsageError


def keys(values, path=""):
    for key, value in values.items():
        yield path + key
        if isinstance(value, dict) and path == "" and isinstance(getattr(Config(), key), BaseModel):
            yield from keys(value, f"{key}.")
    if path == "":
        yield from (f"lines.{key}" for key in values["lines"][0])


def test_the_file_reads_back_as_the_defaults():
    text = config_text(Config())
    assert parse_config(text) == Config()
    assert parse_config(text).hash() == Config().hash()


def test_every_key_is_written_and_explained():
    known = set(keys({**Config().model_dump(), **Config().local()}))
    known |= {f"lines.{key}" for key in LineConfig.model_fields}
    assert set(COMMENTS) == known
    text = config_text(Config())
    for path in known - {"lines"}:
        assert f"# {COMMENTS[path]}" in text
    written = set(keys(tomllib.loads(text)))
    # What is None by default stands as a comment: a floor that is the profile's, a window of all.
    floors = {f"gates.{name}" for name, value in Config().gates if value is None}
    kept = {"storage.shadow_detail_months", "storage.disk_budget_gb"}
    steps = {"lines.search", "lines.selection", "lines.augmentation", "lines.online",
             "lines.policy"}  # fmt: skip
    channels = {f"notify.{name}" for name, value in Config().notify if value is None}
    assert written == known - {
        "lines.window_bars",
        "drift.refit",
        *steps,
        *floors,
        *kept,
        *channels,
    }
    assert len(floors) == 11


def test_any_configuration_survives():
    config = parse_config(
        {
            "seed": 5,
            "fallback": "cash",
            "rules": {"entry_long": 'close > 1 and "quoted" \\ tab\t'},
            "costs": {"fee_bps": 0.125},
            "storage": {"keep_months": 1, "shadow_detail_months": 12, "disk_budget_gb": 2.5},
            "watch": {"dead_after_seconds": 40.0},
            "alerts": {"drawdown_critical": {"threshold": 0.2}},
            "notify": {
                "quiet_from": "22:00",
                "quiet_until": "07:00",
                "slack": {},
                "telegram": {"chats": [-5, "@channel"]},
            },
            "lines": [
                {"name": "a", "parameters": {"depth": 3, "fast": True}, "window_bars": 600},
                {"name": "c", "selection": {"by": "rfe"}, "augmentation": {"by": "smote"}},
                {"name": "b", "extra_features": {"gap": "open / lag(close, 1) - 1"}},
            ],
        }
    )
    assert parse_config(config_text(config)) == config


def test_the_file_in_this_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config() == (Config(), "defaults")
    (tmp_path / "edgekeeper.toml").write_text("seed = 3")
    assert load_config()[0].seed == 3
    assert load_config(seed=9)[0].seed == 9
    (tmp_path / "edgekeeper.toml").write_text("seed = 3\nstorage.keep_months = 1")
    assert load_config(seed=9)[0].storage.keep_months == 1
    (tmp_path / "other.toml").write_text("seed = 4")
    assert load_config("other.toml") == (parse_config("seed = 4"), "other.toml")


def test_files_that_are_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        load_config("mine.toml")
    with pytest.raises(StorageError, match=r"did you mean 'mine.toml'.*edgekeeper init"):
        load_config("mien.toml")
    with pytest.raises(StorageError, match="could not read"):
        load_config(str(tmp_path))
    with pytest.raises(UsageError, match="seed"):
        load_config(seed=-1)


def test_a_recipe_goes_by_its_name_unless_a_file_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config, origin = load_config("peers")
    assert (config, origin) == (parse_config(recipe_text("peers")), "recipe peers over defaults")
    assert load_config("peers", seed=9)[0].seed == 9
    with pytest.raises(StorageError, match="did you mean 'peers'"):
        load_config("pears")
    (tmp_path / "edgekeeper.toml").write_text("costs.fee_bps = 7.5\n[[lines]]\nname = 'mine'")
    mixed, origin = load_config("peers")
    assert origin == "recipe peers over edgekeeper.toml"
    assert (mixed.costs.fee_bps, mixed.lines) == (7.5, config.lines), "costs are not lost"
    (tmp_path / "edgekeeper.toml").write_text("costs.fee = 7.5")
    with pytest.raises(UsageError, match=r"costs\.fee"):
        load_config("peers")
    (tmp_path / "peers").write_text("seed = 3")
    assert load_config("peers") == (parse_config("seed = 3"), "peers")
