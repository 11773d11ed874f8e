"""Packaging: from a trained model to bytes, through the parity gate."""

from dataclasses import replace

from edgekeeper.errors import BadData
from edgekeeper.models.forecasting import checked_inputs
from edgekeeper.models.inference import Graph
from edgekeeper.models.manifest import Manifest, Provenance
from edgekeeper.models.model import Model
from edgekeeper.models.package import LIMITS, PackageBytes, PackagedModel, verified_manifest
from edgekeeper.models.parity import EXACT, Parity, check_parity
from edgekeeper.models.probe import probe_rows
from edgekeeper.models.rounding import rounded_weights
from edgekeeper.types import Float32Array, Float64Array, Int64Array

__all__ = ["build_package"]


def build_package(
    model: Model,
    provenance: Provenance,
    *,
    features: Float32Array,
    volatility: Float64Array,
    weights: str = EXACT,
    event_time: Int64Array | None = None,
) -> PackageBytes:
    """Turn a model into a sealed package.

    Parameters
    ----------
    model : Model
    provenance : Provenance
    features : float32 [n, F]
        Real rows for the parity gate, as :meth:`Model.forecast` takes them; 10,000 or more where
        there are as many.
    volatility : float64 [n]
        Of the same rows.
    weights : {"exact", "int8"}
        "int8" stores the matrices of a network in 8 bits: a quarter to an eighth of the size, at
        the price of chances that move by up to ``INT8_BOUND``. Trees have none.
    event_time : int64 [n], optional
        Of each row's bar, for a model that compares symbols.

    Raises
    ------
    UsageError
        Other ``weights``, or none to store in 8 bits.
    BadData
        Rows that do not fit the model, metadata that JSON has no word for, or too large.
    Refused
        The packaged model differs from the trained one, see :func:`models.parity.check_parity`.
    """
    rows, held = checked_inputs(features, volatility, model.width)
    model, rows = model.alone(rows)
    n_features = len(model.features)
    if len(model.reference) != n_features:
        raise BadData(f"expected a reference of {n_features} features, got {len(model.reference)}")
    graph = model.fitted.to_onnx(n_features)
    if weights != EXACT:
        graph = rounded_weights(graph, weights)
    loaded = Graph(graph, n_features)
    probe = loaded.score(probe_rows(model.reference))
    draft = _manifest(model, provenance, Parity(0, 0, 0.0), probe)
    served = PackagedModel(draft, loaded, hash="")
    parity = check_parity(model, served, rows, held, weights=weights, event_time=event_time)
    package = PackageBytes.seal(replace(draft, parity=parity).to_json(), graph)
    for name, data in package.files.items():
        if len(data) > LIMITS[name]:
            raise BadData(f"{name}: expected at most {LIMITS[name]} bytes, got {len(data)}")
    verified_manifest(package.files)
    return package


def _manifest(
    model: Model, provenance: Provenance, parity: Parity, probe: Float64Array
) -> Manifest:
    return Manifest(
        features=dict(model.features),
        volatility=model.volatility,
        learner=model.learner,
        parameters=model.parameters,
        seed=model.seed,
        heads=model.heads,
        reference=model.reference,
        provenance=provenance,
        parity=parity,
        probe=probe,
    )
