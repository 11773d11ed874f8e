"""The registry mirrored in MLflow, to be browsed in its own screen.

The folder on disk stays the truth: nothing is ever read back, and nothing that trades waits for
MLflow. A mirror is pushed again as often as one likes; what is there already is left alone, only
where a package stands is brought up to date.
"""

import os
import socket
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edgekeeper.errors import StorageError, UsageError
from edgekeeper.models.canonical import canonical_bytes, plain
from edgekeeper.models.difference import recipe_of, window_of
from edgekeeper.registry.disk import Registry
from edgekeeper.registry.folder import read_folder
from edgekeeper.registry.standing import STANDINGS, Fit

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

__all__ = ["Mirrored", "mirror"]

_SECONDS = 3.0
_PORTS = {"http": 80, "https": 443, "postgresql": 5432}
_HASH, _STANDING = "edgekeeper.hash", "edgekeeper.standing"
_LONGEST_VALUE = 5_000
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What a mirroring did.

    Attributes
    ----------
    pushed : tuple of str
        Hashes of packages that MLflow had not.
    known : int
        Packages that were there already.
    absent : tuple of str
        Hashes on record whose files are not on disk.
    """

    pushed: tuple[str, ...]
    known: int
    absent: tuple[str, ...]


def mirror(
    registry: Registry,
    fits: Sequence[Fit],
    stands: Mapping[str, str],
    url: str,
    *,
    experiment: str,
    pictures: Mapping[str, bytes] | None = None,
) -> Mirrored:
    """Push packages that MLflow has not, one run and one version of the line's model each.

    Parameters
    ----------
    registry : Registry
    fits : sequence of Fit
        In the order they were made.
    stands : mapping of hash to standing
        See :func:`registry.standing.standings`.
    url : str
        Of a server, or a database such as ``sqlite:///mlflow.db``.
    experiment : str
    pictures : mapping of file name to bytes, optional
        Reports, kept with the newest package.

    Raises
    ------
    UsageError
        MLflow is not installed, or the address is none.
    StorageError
        It does not answer, or failed. What was pushed until then stays, and is not pushed again.
    """
    _check_reachable(url)
    with _quiet():
        client, errors = _client(url)
        try:
            return _push(client, registry, fits, stands, experiment, url, pictures or {})
        except errors as error:
            raise StorageError(
                f"MLflow at {_shown(url)} failed: {str(error)[:300]}; the packages on disk are "
                "untouched, mirror again once it works"
            ) from error


def _push(
    client: "MlflowClient",
    registry: Registry,
    fits: Sequence[Fit],
    stands: Mapping[str, str],
    experiment: str,
    url: str,
    pictures: Mapping[str, bytes],
) -> Mirrored:
    place = _experiment(client, experiment, registry, url)
    known = _known(client, place)
    present = set(registry.list())
    pushed = []
    for fit in fits:
        if fit.hash in known or fit.hash not in present:
            continue
        extra = pictures if fit is fits[-1] else {}
        known[fit.hash] = _push_fit(client, registry, fit, place, experiment, extra)
        pushed.append(fit.hash)
    for fit in fits:
        if fit.hash in known:
            client.set_tag(known[fit.hash], _STANDING, stands[fit.hash])
    _set_aliases(client, fits, stands, experiment)
    absent = tuple(fit.hash for fit in fits if fit.hash not in present)
    return Mirrored(tuple(pushed), len(fits) - len(pushed) - len(absent), absent)


def _push_fit(
    client: "MlflowClient",
    registry: Registry,
    fit: Fit,
    place: str,
    experiment: str,
    pictures: Mapping[str, bytes],
) -> str:
    """Make a package's run and its version of the line's model; return the run's id.

    The tag by which a run is found again comes last: a run cut off is not taken for a whole one.
    """
    from mlflow.entities import Metric, Param, RunTag

    manifest = registry.manifest(fit.hash)
    made = manifest.provenance
    at = made.created_at // 10**6
    run = client.create_run(place, start_time=at, run_name=f"{fit.line} {fit.number}").info
    parameters = {
        name: value if isinstance(value, str) else canonical_bytes(value).decode().strip()
        for name, value in recipe_of(manifest).items()
    }
    known = {**made.metrics, **fit.metrics}
    metrics = [Metric(name, value, at, 0) for name, value in known.items() if value == value]
    tags = {
        "edgekeeper.line": fit.line,
        "edgekeeper.fit": str(fit.number),
        "edgekeeper.parent": made.lineage.parent or "",
        "edgekeeper.verdict": fit.verdict,
        **{f"edgekeeper.data.{k}": str(v) for k, v in window_of(manifest).items()},
        **{f"edgekeeper.gate.{k}": v for k, v in fit.reasons.items()},
    }
    client.log_batch(
        run.run_id,
        metrics=metrics,
        params=[Param(_key(k), v[:_LONGEST_VALUE]) for k, v in parameters.items()],
        tags=[RunTag(_key(k), v[:_LONGEST_VALUE]) for k, v in tags.items()],
    )
    with tempfile.TemporaryDirectory() as folder:
        files = {f"package/{n}": d for n, d in read_folder(registry.folder(fit.hash)).items()}
        files["features.json"] = canonical_bytes(plain(dict(manifest.features)))
        for name, data in {**files, **pictures}.items():
            target = Path(folder, name)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(data)
        client.log_artifacts(run.run_id, folder)
    model = _model(experiment, fit.line)
    if not client.search_registered_models(f"name = '{model}'"):
        client.create_registered_model(model)
    client.create_model_version(
        model, f"{run.artifact_uri}/package", run_id=run.run_id, tags={_HASH: fit.hash}
    )
    client.set_tag(run.run_id, _HASH, fit.hash)
    client.set_terminated(run.run_id, end_time=at)
    return str(run.run_id)


def _set_aliases(
    client: "MlflowClient", fits: Sequence[Fit], stands: Mapping[str, str], experiment: str
) -> None:
    """Let each standing's name lead to the line's package that has it, if one trades or waits."""
    for line in dict.fromkeys(fit.line for fit in fits):
        model = _model(experiment, line)
        found = client.search_registered_models(f"name = '{model}'")
        if not found:
            continue
        versions = client.search_model_versions(f"name = '{model}'", max_results=_PAGE)
        wanted = {
            stands[v.tags[_HASH]]: v.version
            for v in sorted(versions, key=lambda v: int(v.version))
            if stands.get(v.tags.get(_HASH, ""), "retired") != "retired"
        }
        for alias in STANDINGS:
            if alias in wanted:
                client.set_registered_model_alias(model, alias, wanted[alias])
            elif alias in found[0].aliases:
                client.delete_registered_model_alias(model, alias)


def _experiment(client: "MlflowClient", name: str, registry: Registry, url: str) -> str:
    """Id of the experiment, made if need be; without a server files go beside the registry."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    served = urlsplit(url).scheme in ("http", "https")
    beside = None if served else (registry.root / "mlflow").resolve().as_uri()
    return str(client.create_experiment(name, artifact_location=beside))


def _known(client: "MlflowClient", place: str) -> dict[str, str]:
    """Run of each package that is there, by hash."""
    known: dict[str, str] = {}
    token: str | None = None
    while True:
        runs = client.search_runs([place], max_results=_PAGE, page_token=token)
        for run in runs:
            if _HASH in run.data.tags:
                known[run.data.tags[_HASH]] = run.info.run_id
        token = runs.token
        if not token:
            return known


def _client(url: str) -> "tuple[MlflowClient, tuple[type[Exception], ...]]":
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ImportError as error:
        raise UsageError(
            f"expected MLflow, got {error}: install edgekeeper[mlflow]; nothing else needs it"
        ) from error
    import sqlalchemy.exc

    errors = (MlflowException, sqlalchemy.exc.SQLAlchemyError, OSError)
    return MlflowClient(tracking_uri=url, registry_uri=url), errors


def _check_reachable(url: str) -> None:
    """Refuse early what does not answer: MLflow itself tries again for minutes."""
    parts = urlsplit(url)
    scheme = parts.scheme.split("+")[0]
    if scheme == "sqlite":
        return
    if scheme not in _PORTS or not parts.hostname:
        raise UsageError(
            f"--mlflow: expected http://host:port, postgresql://host/database or "
            f"sqlite:///file, got {_shown(url)!r}"
        )
    try:
        address = (parts.hostname, parts.port or _PORTS[scheme])
        socket.create_connection(address, timeout=_SECONDS).close()
    except OSError as error:
        raise StorageError(
            f"MLflow at {_shown(url)} does not answer ({error}): trading goes on without it; the "
            "packages on disk are untouched, mirror again once it runs"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow from phoning home, from waiting long, and from talking on our screen."""
    import logging

    settings = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        yield


def _model(experiment: str, line: str) -> str:
    return _key(f"{experiment}.{line}")


def _key(name: str) -> str:
    """Return a name as MLflow takes it: letters, digits and a few signs."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "_-. /") else "_" for c in name)[:250]


def _shown(url: str) -> str:
    """Return an address without its password."""
    parts = urlsplit(url)
    return url.replace(f":{parts.password}@", ":***@") if parts.password else url
