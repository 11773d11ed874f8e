"""``models diff``, signing, notes, ``upgrade`` and the mirror, over a run that fitted models."""

import json
import shutil

import pytest


@pytest.fixture
def run(fitted, tmp_path):
    shutil.copytree(fitted, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def hashes(edgekeeper, run):
    models = edgekeeper("models", "list", "--run", run, "--json").json["models"]
    return [model["hash"] for model in models]


def test_models_have_a_status(edgekeeper, run):
    models = edgekeeper("models", "list", "--run", run, "--json").json["models"]
    assert {model["status"] for model in models} <= {"training", "shadow", "production", "retired"}
    newest = [model for model in models if model["verdict"] == "accepted"][-1]
    assert "plausible" in newest["gates"]
    assert all(isinstance(said, str) and said for said in newest["gates"].values())
    assert newest["status"] in ("shadow", "production", "retired")
    assert newest["status"] in edgekeeper("models", "list", "--run", run).out


def test_the_best_by_a_figure(edgekeeper, run):
    for figure, direction in (("auc", -1), ("hold_out_log_loss", 1)):
        done = edgekeeper("models", "list", "--run", run, "--best", figure, "--json")
        name = figure if figure.startswith("hold") else f"hold_out_{figure}"
        values = [direction * model["metrics"][name] for model in done.json["models"]]
        assert len(values) >= 2
        assert values == sorted(values)
    done = edgekeeper("models", "list", "--run", run, "--best", "hold_out_acu")
    assert done.code == 2
    assert "did you mean 'hold_out_auc'" in done.err


def test_diff(edgekeeper, run, hashes):
    done = edgekeeper("models", "diff", hashes[0][:10], hashes[1][:10], "--run", run, "--json")
    figures = done.json
    assert (figures["before"], figures["after"]) == (hashes[0], hashes[1])
    assert figures["features"] == {}
    assert "last" in figures["window"]
    assert figures["metrics"]
    shown = edgekeeper("models", "diff", hashes[0][:10], hashes[1][:10], "--run", run).out
    assert "Features: the same" in shown
    assert "Has seen" in shown
    same = edgekeeper("models", "diff", hashes[0][:10], hashes[0][:10], "--run", run)
    assert "nothing differs" in same.out


def test_sign_and_verify(edgekeeper, run, hashes, tmp_path):
    public = edgekeeper("models", "key", "mine", "--json").json["public_key"]
    assert edgekeeper("models", "key", "mine").code == 2
    model = (hashes[0][:10], "--run", run)
    assert "Nobody signed it" in edgekeeper("models", "verify", *model).out
    assert edgekeeper("models", "verify", *model, "--key", public).code == 4
    assert edgekeeper("models", "sign", *model, "--key", "mine").code == 0
    for key in (public, "mine.pub"):
        figures = edgekeeper("models", "verify", *model, "--key", key, "--json").json
        assert (figures["signed_by"], figures["trusted"]) == (public, True)
    (tmp_path / "edgekeeper.toml").write_text(f'packages.trusted_keys = ["{public}"]')
    assert "which you trust" in edgekeeper("models", "verify", *model).out
    assert edgekeeper("models", "verify", hashes[1][:10], "--run", run).code == 4
    (tmp_path / "edgekeeper.toml").write_text('packages.trusted_keys = ["short"]')
    assert edgekeeper("models", "verify", *model).code == 2


def test_a_run_signs_what_it_fits_and_loads_only_that(edgekeeper, bars_csv, fitted, tmp_path):
    public = edgekeeper("models", "key", "mine", "--json").json["public_key"]
    settings = (fitted.parent / "small.toml").read_text()
    trust = f'packages.trusted_keys = ["{public}"]\npackages.signing_key = "mine"\n'
    (tmp_path / "signed.toml").write_text(trust + settings)
    done = edgekeeper("replay", "--bars", bars_csv, "--config", "signed.toml", "--out", "own",
                      "--json")  # fmt: skip
    assert done.code == 0, done.err
    hash = done.json["models"][0]["hash"]
    figures = edgekeeper("models", "verify", hash[:10], "--run", "own", "--key", public, "--json")
    assert figures.json["trusted"]
    (tmp_path / "own" / "models" / "packages" / hash / "signature.json").unlink()
    assert edgekeeper("models", "verify", hash[:10], "--run", "own", "--key", public).code == 4


def test_tags_and_notes(edgekeeper, run, hashes):
    model = (hashes[0][:10], "--run", run)
    tagged = edgekeeper("models", "tag", hashes[0][:10], "owner=anna", "desk=fx", "--run", run)
    assert tagged.code == 0
    assert "owner=anna" in edgekeeper("models", "list", "--run", run).out
    kept = edgekeeper("models", "tag", hashes[0][:10], "desk=", "--run", run, "--json").json
    assert kept["tags"] == {"owner": "anna"}
    edgekeeper("models", "note", hashes[0][:10], "held up in March", "--run", run)
    shown = edgekeeper("models", "show", *model).out
    assert "held up in March" in shown
    assert "owner=anna" in shown
    assert edgekeeper("models", "tag", hashes[0][:10], "loose", "--run", run).code == 2


def test_upgrade_check(edgekeeper, run, hashes):
    figures = edgekeeper("upgrade", run, "--check", "--json").json
    assert [model["ok"] for model in figures["packages"]] == [True] * len(hashes)
    assert all(model["probe_difference"] == 0.0 for model in figures["packages"])
    assert "as it was made" in edgekeeper("upgrade", run / "models", "--check").out
    folder = run / "models" / "packages" / hashes[0]
    (folder / "manifest.json").write_text("{}")
    done = edgekeeper("upgrade", run, "--check", "--json")
    assert done.code == 4
    bad = [model for model in done.json["packages"] if not model["ok"]]
    assert [model["hash"] for model in bad] == [hashes[0]]
    assert "manifest.json" in edgekeeper("upgrade", folder, "--check").out
    assert edgekeeper("upgrade", run).code == 2
    assert edgekeeper("upgrade", "nowhere", "--check").code == 2


def test_mirror_without_mlflow_harms_nothing(edgekeeper, run, hashes):
    done = edgekeeper("models", "mirror", "--mlflow", "http://127.0.0.1:9", "--run", run, "--json")
    assert done.code == 6
    assert "trading goes on" in json.loads(done.out)["error"]["message"]
    assert edgekeeper("upgrade", run, "--check").code == 0


@pytest.mark.slow
def test_mirror(edgekeeper, run, hashes):
    pytest.importorskip("mlflow", reason="needs the extra mlflow")
    words = ("models", "mirror", "--mlflow", f"sqlite:///{run}/mlflow.db", "--run", run)
    assert edgekeeper(*words, "--json").json["pushed"] == hashes
    assert "0 models pushed" in edgekeeper(*words).out
