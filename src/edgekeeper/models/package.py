"""The package: a trained model as a few files, addressed by what is in them.

Three files. ``model.onnx`` is the learner's graph, ``manifest.json`` everything else, and
``checksums.json`` the SHA-256 of both; the package's hash is the SHA-256 of ``checksums.json``.
A fourth, ``signature.json``, may stand beside them and is no part of the hash, so that a package
can be signed after it was made. Here bytes become objects; reading and writing them is
``registry``'s business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from edgekeeper.errors import BadData
from edgekeeper.models.canonical import Json, canonical_bytes, canonical_record, sha256
from edgekeeper.models.fields import Fields
from edgekeeper.models.forecasting import checked_inputs, finish
from edgekeeper.models.inference import Graph
from edgekeeper.models.manifest import FORMAT, OLDEST_FORMAT, Manifest
from edgekeeper.models.parity import check_device
from edgekeeper.models.probe import difference, probe_rows
from edgekeeper.types import Device, Float32Array, Float64Array, Forecasts, Int64Array

__all__ = [
    "CHECKSUMS",
    "GRAPH",
    "LIMITS",
    "MANIFEST",
    "OPTIONAL",
    "SIGNATURE",
    "PackageBytes",
    "PackagedModel",
    "is_hash",
    "load_package",
    "verified_manifest",
]

MANIFEST, GRAPH, CHECKSUMS = "manifest.json", "model.onnx", "checksums.json"
LIMITS = {MANIFEST: 8 * 2**20, GRAPH: 100 * 2**20, CHECKSUMS: 64 * 2**10}
SIGNATURE = "signature.json"
OPTIONAL = {SIGNATURE: 4 * 2**10}
"""Files that may be missing, and how large they may be."""


def is_hash(text: str) -> bool:
    """Whether a text is a package hash: 64 lower-case hexadecimal digits, nothing else."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


@dataclass(frozen=True, slots=True)
class PackageBytes:
    """A package as bytes by file name, and its hash."""

    files: Mapping[str, bytes]
    hash: str

    @classmethod
    def seal(cls, manifest: Mapping[str, Json], graph: bytes) -> Self:
        """Add checksums to a manifest and a graph."""
        files = {MANIFEST: canonical_bytes(dict(manifest)), GRAPH: graph}
        sums: dict[str, Json] = {name: sha256(data) for name, data in files.items()}
        files[CHECKSUMS] = canonical_bytes({"format": FORMAT, "files": sums})
        return cls(files, sha256(files[CHECKSUMS]))


class PackagedModel:
    """A model as it is served, from bytes alone; see :func:`load_package`.

    Loading and forecasting need NumPy, ONNX Runtime and, for trees, numba; none of the libraries
    that trained it.
    """

    def __init__(self, manifest: Manifest, graph: Graph, hash: str) -> None:
        self.manifest = manifest
        self.hash = hash
        self._graph = graph
        self._width = len(manifest.features)

    @classmethod
    def from_files(cls, files: Mapping[str, bytes], device: Device = "cpu") -> Self:
        """Check every file, then load.

        With ``device="cuda"`` what is not trees is calculated on a graphics card, for tables of
        many rows: its scores need not have the same bits in a batch of another size.

        Raises
        ------
        UsageError
            No graphics card that ONNX Runtime can use.
        Refused
            On the card scores are further than ``CUDA_BOUND`` from the processor's.
        BadData
            A file missing, empty, left over, too large, or not the one its checksum was taken of;
            another format version; fields missing, unknown or of the wrong type; a graph that does
            not fit the manifest. The message names the file.
        """
        manifest, hash = verified_manifest(files)
        width = len(manifest.features)
        graph = Graph(files[GRAPH], width)
        if device != "cpu":
            rows = probe_rows(manifest.reference)
            here, graph = graph.score(rows), Graph(files[GRAPH], width, device)
            check_device(here, graph.score(rows), device)
        return cls(manifest, graph, hash)

    @property
    def features(self) -> Mapping[str, str]:
        """Feature names and their expression texts, in column order."""
        return self.manifest.features

    def score(self, features: Float32Array) -> Float64Array:
        """Return the learner's log-odds that the long side does better, ``[n]``."""
        return self._graph.score(features)

    def forecast(
        self,
        features: Float32Array,
        volatility: Float64Array,
        event_time: Int64Array | None = None,
    ) -> Forecasts:
        """Forecast both sides of ``n`` rows.

        Parameters
        ----------
        features : float32 [n, F]
            Columns in the order of :attr:`features`.
        volatility : float64 [n]
            Predicted deviation of one bar's return, from the manifest's ``volatility`` text.
        event_time : int64 [n], optional
            Of each row's bar, nanoseconds UTC. A package that compares symbols
            (``manifest.heads.relative``) needs it, and all symbols of a bar together.

        Raises
        ------
        BadData
            Shapes that do not fit, no times for a package that compares symbols.
        """
        x, v = checked_inputs(features, volatility, self._width)
        manifest = self.manifest
        return finish(self._graph.score(x), x, v, manifest.heads, manifest.reference, event_time)

    def probe_difference(self) -> float | None:
        """How far this machine's scores are from those recorded when the package was made.

        0.0 means the same to the last bit; None that none were recorded, before format 2.
        """
        recorded = self.manifest.probe
        if recorded is None:
            return None
        return difference(recorded, self._graph.score(probe_rows(self.manifest.reference)))

    def __repr__(self) -> str:
        line = self.manifest.provenance.lineage
        return (
            f"<{type(self).__name__} {self.hash[:12]} line {line.line} refit {line.refit}: "
            f"{self.manifest.learner}, {self._width} features>"
        )


def load_package(files: Mapping[str, bytes], device: Device = "cpu") -> PackagedModel:
    """Load a package from bytes by file name; see :meth:`PackagedModel.from_files`."""
    return PackagedModel.from_files(files, device)


def verified_manifest(files: Mapping[str, bytes]) -> tuple[Manifest, str]:
    """Return the manifest and the package's hash, every file checked, no graph loaded.

    Raises
    ------
    BadData
        As :meth:`PackagedModel.from_files`.
    """
    _check_sizes(files)
    with Fields(canonical_record(files[CHECKSUMS], CHECKSUMS), CHECKSUMS) as record:
        version = record.integer("format")
        if not OLDEST_FORMAT <= version <= FORMAT:
            raise BadData(
                f"{CHECKSUMS}: expected format {OLDEST_FORMAT} to {FORMAT}, got {version}: load "
                "the package with the version of Edgekeeper that wrote it"
            )
        with record.record("files") as sums:
            for name in (MANIFEST, GRAPH):
                expected = sums.text(name)
                if sha256(files[name]) != expected:
                    raise BadData(
                        f"{name}: expected the bytes of SHA-256 {expected[:12]}…, got others: "
                        "damaged or tampered with, fetch the package again"
                    )
    return Manifest.from_json(canonical_record(files[MANIFEST], MANIFEST)), sha256(files[CHECKSUMS])


def _check_sizes(files: Mapping[str, bytes]) -> None:
    limits = LIMITS | OPTIONAL
    if unknown := sorted(set(files) - set(limits)):
        raise BadData(f"package: expected only {sorted(limits)}, got also {unknown[:5]}")
    for name, limit in limits.items():
        if name not in files:
            if name in OPTIONAL:
                continue
            raise BadData(f"{name}: expected it in the package, got none: fetch the package again")
        size = len(files[name])
        if size == 0:
            raise BadData(f"{name}: expected content, got 0 bytes: fetch the package again")
        if size > limit:
            raise BadData(f"{name}: expected at most {limit} bytes, got {size}")
