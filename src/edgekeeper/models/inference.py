"""Scoring with ONNX Runtime, trees apart: one thread, nothing random, nothing read from disk.

ONNX Runtime takes as long for each of a thousand rows through trees as for one; the walker takes a
tenth. Both add the same doubles in the same order, so a score keeps its bits.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.memory import give_back_memory
from edgekeeper.models.graph_guard import check_graph
from edgekeeper.models.rehearsal import rehearse
from edgekeeper.models.sessions import runtime_errors, session_of
from edgekeeper.models.tree_nodes import TreeSum, cut
from edgekeeper.types import Device, Float32Array, Float64Array

if TYPE_CHECKING:
    from edgekeeper.models.tree_walk import Walker

__all__ = ["Graph"]

_CELLS_AT_ONCE = 2**17
"""Features a graph gets in one call: what it makes of more leaves the cache, or fills memory."""


class Graph:
    """A loaded graph: float32 ``features [n, F]`` in, ``score [n, 1]`` out.

    Parameters
    ----------
    data : bytes
        Serialised ONNX model, complete in itself.
    n_features : int
    device : {"cpu", "cuda"}
        Of what is left without its trees, which are walked on the processor.

    Raises
    ------
    UsageError
        No graphics card that ONNX Runtime can use.
    BadData
        Not an ONNX model, one with other inputs or outputs, or one that could do more than
        calculate scores, see :func:`models.graph_guard.check_graph`.
    """

    def __init__(self, data: bytes, n_features: int, device: Device = "cpu") -> None:
        check_graph(data)
        rehearse(data, n_features)
        self._errors = runtime_errors()
        self._most = max(_CELLS_AT_ONCE // n_features, 1)
        parts = cut(data, n_features)
        self._trees = {name: _walker(trees) for name, trees in parts.trees.items()}
        try:
            self._session = session_of(parts.rest, device=device)
        except self._errors as error:
            raise BadData(f"model.onnx: expected a valid model, got one refused: {error}") from (
                error
            )
        probe = self.score(np.full((2, n_features), math.nan, dtype=np.float32))
        if probe.shape != (2,) or not np.isfinite(probe).all():
            raise BadData(f"model.onnx: expected one finite score a row, got {probe!r}")
        give_back_memory()

    def score(self, features: Float32Array) -> Float64Array:
        """Return log-odds ``[n]`` for contiguous float32 ``[n, F]``."""
        if len(features) <= self._most:
            return self._run(features) if len(features) else np.empty(0)
        starts = range(0, len(features), self._most)
        return np.concatenate([self._run(features[i : i + self._most]) for i in starts])

    def _run(self, features: Float32Array) -> Float64Array:
        given: dict[str, Float32Array | Float64Array] = {"features": features}
        for name, walker in self._trees.items():
            given[name] = walker.sums(features)[:, None]
        try:
            scores = self._session.run(["score"], given)[0]
        except self._errors as error:
            raise BadData(f"model.onnx: expected a score for {features.shape}: {error}") from error
        if scores.shape != (len(features), 1):
            raise BadData(f"model.onnx: expected scores [n, 1], got shape {scores.shape}")
        return np.asarray(scores[:, 0], dtype=np.float64)


def _walker(trees: TreeSum) -> "Walker":
    from edgekeeper.models.tree_walk import Walker  # kernels are loaded when a package has trees

    return Walker(trees)
