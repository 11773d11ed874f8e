"""``SignalModel``: a fitted model of signals as it is served, from files without any pickle.

``model.onnx`` turns inputs into a score; ``manifest.json`` says what the inputs are and turns the
score into a forecast; ``checksums.json`` names both, and its SHA-256 is the package's name.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models.canonical import sha256
from edgekeeper.models.inference import Graph
from edgekeeper.models.package import CHECKSUMS, GRAPH, MANIFEST, PackageBytes, is_hash
from edgekeeper.models.reference import Reference
from edgekeeper.registry.folder import read_folder, write_folder
from edgekeeper.sidecar.inputs import Inputs, SignalRow
from edgekeeper.sidecar.messages import ForecastOut

__all__ = ["FORMAT", "STORE", "Line2", "SignalModel", "load_model", "save_model"]

FORMAT = "edgekeeper signals 1"
STORE = "signal-models"
"""Folder of the packages, inside that of the run."""

Line2 = tuple[float, float]
"""Intercept and slope over the standardised score."""
_LIMIT = 4.0


@dataclass(frozen=True, slots=True)
class SignalModel:
    """Forecasts one signal at a time.

    Attributes
    ----------
    hash : str
    manifest : mapping
        Everything about it but the graph.
    break_even : float
        Chance of success at which its training outcomes earn nothing.
    """

    hash: str
    manifest: dict[str, Any]
    inputs: Inputs
    reference: Reference
    break_even: float
    _graph: Graph

    @classmethod
    def of(cls, files: dict[str, bytes], hash: str) -> Self:
        """Check files against their hash, and load them.

        Raises
        ------
        BadData
            Damaged, tampered with, or not such a package.
        """
        sums = _record(files[CHECKSUMS], CHECKSUMS)
        if sha256(files[CHECKSUMS]) != hash or any(
            sums.get("files", {}).get(name) != sha256(files[name]) for name in (MANIFEST, GRAPH)
        ):
            raise BadData(f"package {hash[:12]}… is damaged or was tampered with: have it refitted")
        manifest = _record(files[MANIFEST], MANIFEST)
        try:
            if manifest["format"] != FORMAT:
                raise BadData(f"expected {FORMAT!r}, got {manifest['format']!r}: refit the line")
            inputs = Inputs.from_json(manifest["inputs"])
            reference = Reference.from_json(manifest["reference"], inputs.names, "reference")
            even = float(manifest["break_even"])
        except (KeyError, TypeError, ValueError) as error:
            raise BadData(f"package {hash[:12]}…: its manifest lacks {error}") from error
        return cls(hash, manifest, inputs, reference, even, Graph(files[GRAPH], len(inputs.names)))

    def forecast(self, row: SignalRow) -> ForecastOut:
        """Forecast a signal."""
        x = self.inputs.encode([row])
        score = float(self._graph.score(x)[0])
        novelty = float(self.reference.novelty(x, np.isnan(x))[0])
        heads = self.manifest["heads"]
        z = (score - heads["centre"]) / heads["scale"]
        z = max(-_LIMIT, min(_LIMIT, z))
        expected = _line(heads["reward"], z)
        low, high = heads["interval"]
        return ForecastOut(
            probability=_chance(heads["success"], z),
            expected_return=expected,
            lower=None if low is None else expected + low,
            upper=None if high is None else expected + high,
            risk=None if heads["risk"] is None else _chance(heads["risk"], z),
            minutes=None if heads["time"] is None else max(0.0, _line(heads["time"], z)),
            novelty=novelty,
        )


def _line(line: Line2, z: float) -> float:
    return line[0] + line[1] * z


def _chance(line: Line2, z: float) -> float:
    return 1.0 / (1.0 + math.exp(-_line(line, z)))


def _record(data: bytes, name: str) -> dict[str, Any]:
    try:
        record = json.loads(data)
    except ValueError as error:
        raise BadData(f"{name}: expected JSON: {error}") from error
    if not isinstance(record, dict):
        raise BadData(f"{name}: expected an object")
    return record


def save_model(folder: Path, package: PackageBytes) -> None:
    """Keep a package under its hash; keeping it twice is keeping it once."""
    target = folder / STORE / package.hash
    if not target.exists():
        write_folder(target, package.files)


def load_model(folder: Path, hash: str) -> SignalModel:
    """Load a package by its hash.

    Raises
    ------
    BadData, StorageError
        Not a hash, damaged, tampered with; not there.
    """
    if not is_hash(hash):
        raise BadData(f"expected the hash of a package, got {hash[:20]!r}")
    return SignalModel.of(read_folder(folder / STORE / hash), hash)
