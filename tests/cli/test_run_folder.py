import pytest

from edgekeeper.cli.run_folder import find_run
from edgekeeper.errors import UsageError


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(name):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "ledger.sqlite").write_bytes(b"")

    return run


def test_the_usual_run_comes_before_the_demo(here, capsys):
    here("edgekeeper-demo/noise")
    assert str(find_run()) == "edgekeeper-demo/noise"
    here("edgekeeper-demo/real")
    assert str(find_run()) == "edgekeeper-demo/real"
    assert "--run chooses another" in capsys.readouterr().err
    here("edgekeeper-run")
    assert str(find_run()) == "edgekeeper-run"
    assert capsys.readouterr().err == ""


def test_no_run_says_how_to_make_one(here):
    with pytest.raises(UsageError, match="edgekeeper replay --bars"):
        find_run()


def test_the_folder_asked_for(here):
    here("mine")
    assert str(find_run("mine")) == "mine"
    with pytest.raises(UsageError, match="did you mean 'mine'"):
        find_run("mien")


def test_several_runs_are_not_guessed_among(here):
    here("edgekeeper-demo/noise")
    here("edgekeeper-demo/flip")
    with pytest.raises(UsageError, match=r"several runs.*flip, noise"):
        find_run("edgekeeper-demo")
