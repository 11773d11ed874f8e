"""The mirror in a real MLflow: a database in a folder, and a server that is not there."""

import socket
import time

import pytest

from edgekeeper.errors import StorageError, UsageError
from edgekeeper.registry import Fit, Pointer, Registry, standings
from edgekeeper.registry.mirror import mirror

from .conftest import make_package

URL = "sqlite:///{}/mlflow.db"


def fit_of(package, number, verdict="accepted"):
    return Fit(package.hash, "line", number, verdict, {"auc": 0.5 + number / 100}, {"gate": "yes"})


@pytest.fixture(scope="module")
def mlflow():
    return pytest.importorskip("mlflow.tracking", reason="needs the extra mlflow")


@pytest.fixture
def filled(tmp_path, package):
    registry = Registry(tmp_path / "models")
    second = make_package(refit=1, parent=package.hash)
    for each in (package, second):
        registry.save(each)
    return registry, [fit_of(package, 0), fit_of(second, 1)]


def test_what_mlflow_then_holds(tmp_path, mlflow, filled):
    registry, fits = filled
    url = URL.format(tmp_path)
    stands = standings(fits, Pointer(fits[0].hash), {"line": "production"})
    absent = Fit("f" * 64, "line", 2, "vetoed", {}, {})
    every = [*fits, absent]
    done = mirror(registry, every, {**stands, absent.hash: "training"}, url, experiment="run")
    assert (done.pushed, done.known) == (tuple(fit.hash for fit in fits), 0)
    assert done.absent == (absent.hash,)

    client = mlflow.MlflowClient(tracking_uri=url, registry_uri=url)
    experiment = client.get_experiment_by_name("run")
    runs = {
        run.data.tags["edgekeeper.hash"]: run
        for run in client.search_runs([experiment.experiment_id])
    }
    assert set(runs) == {fit.hash for fit in fits}
    newer = runs[fits[1].hash].data
    assert newer.metrics["auc"] == 0.51
    assert newer.params["learner"] == "logistic"
    assert newer.tags["edgekeeper.parent"] == fits[0].hash
    assert newer.tags["edgekeeper.gate.gate"] == "yes"
    assert newer.tags["edgekeeper.standing"] == "shadow"
    names = [f.path for f in client.list_artifacts(runs[fits[0].hash].info.run_id, "package")]
    assert names == [
        f"package/{name}" for name in ("checksums.json", "manifest.json", "model.onnx")
    ]
    production = client.get_model_version_by_alias("run.line", "production")
    assert production.tags["edgekeeper.hash"] == fits[0].hash
    assert (
        client.get_model_version_by_alias("run.line", "shadow").run_id
        == runs[fits[1].hash].info.run_id
    )

    # Again: nothing twice, but a new champion is one there too, and whoever left is no alias.
    stands = standings(fits, Pointer(fits[1].hash), {"line": "production"})
    again = mirror(registry, fits, stands, url, experiment="run")
    assert (again.pushed, again.known) == ((), 2)
    assert len(client.search_runs([experiment.experiment_id])) == 2
    production = client.get_model_version_by_alias("run.line", "production")
    assert production.tags["edgekeeper.hash"] == fits[1].hash
    assert set(client.get_registered_model("run.line").aliases) == {"production"}


def test_a_server_that_is_not_there_is_told_in_seconds(filled):
    registry, fits = filled
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    before = sorted(registry.root.rglob("*"))
    began = time.perf_counter()
    for url in (f"http://127.0.0.1:{port}", f"postgresql://me:secret@127.0.0.1:{port}/mlflow"):
        with pytest.raises(StorageError, match=r"does not answer.*trading goes on") as error:
            mirror(registry, fits, {}, url, experiment="run")
        assert "secret" not in str(error.value)
    assert time.perf_counter() - began < 10
    assert sorted(registry.root.rglob("*")) == before


def test_a_server_that_never_answers(filled, mlflow):
    """It takes the connection and says nothing: a hung server, or another program."""
    registry, fits = filled
    with socket.socket() as silent, pytest.MonkeyPatch.context() as patch:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        patch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(StorageError, match=r"failed.*untouched"):
            mirror(registry, fits, {}, url, experiment="run")


def test_addresses_that_are_none(filled):
    registry, fits = filled
    for url in ("", "mlruns", "file:///tmp/x", "http://", "databricks"):
        with pytest.raises(UsageError, match="--mlflow"):
            mirror(registry, fits, {}, url, experiment="run")
