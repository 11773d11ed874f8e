"""Which settings a service begins with."""

import pytest

from edgekeeper.cli.commands.serve import settings_to_serve
from edgekeeper.errors import StorageError


def test_a_new_folder_takes_what_lies_here_and_one_that_trades_has_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "run"
    run.mkdir()
    assert settings_to_serve(run, "", "") is None
    (tmp_path / "edgekeeper.toml").write_text('[sidecar]\nmode = "advise"\n')
    assert settings_to_serve(run, "", "").sidecar.mode == "advise"
    assert settings_to_serve(run, "", "parent") is None
    (run / "paper.json").write_text("{}")
    assert settings_to_serve(run, "", "") is None
    assert settings_to_serve(run, "edgekeeper.toml", "").sidecar.mode == "advise"
    with pytest.raises(StorageError):
        settings_to_serve(run, "none.toml", "")
