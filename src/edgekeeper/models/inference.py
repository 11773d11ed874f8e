"""Scoring with ONNX Runtime: one thread, nothing random, nothing read from disk."""

import math
from typing import TYPE_CHECKING

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.types import Float32Array, Float64Array

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["Graph"]

_FATAL_ONLY = 4  # everything less is raised here, with the file it concerns


class Graph:
    """A loaded graph: float32 ``features [n, F]`` in, ``score [n, 1]`` out.

    Parameters
    ----------
    data : bytes
        Serialised ONNX model, complete in itself.
    n_features : int

    Raises
    ------
    BadData
        Not an ONNX model, one with other inputs or outputs, or one that reads other files.
    """

    def __init__(self, data: bytes, n_features: int) -> None:
        # A tensor stored outside names its file under this key; complete models have none.
        if b"location" in data:
            raise BadData("model.onnx: expected a model complete in itself, got external data")
        self._errors = _errors()
        try:
            self._session = _session(data)
            inputs = [(i.name, i.type, i.shape[1:]) for i in self._session.get_inputs()]
            outputs = [o.name for o in self._session.get_outputs()]
        except self._errors as error:
            raise BadData(f"model.onnx: expected a valid model, got one refused: {error}") from (
                error
            )
        expected = ("features", "tensor(float)", [n_features])
        if inputs != [expected] or outputs != ["score"]:
            raise BadData(
                f"model.onnx: expected input {expected} as in the manifest and output 'score', "
                f"got {inputs} and {outputs}"
            )
        probe = self.score(np.full((2, n_features), math.nan, dtype=np.float32))
        if probe.shape != (2,) or not np.isfinite(probe).all():
            raise BadData(f"model.onnx: expected one finite score a row, got {probe!r}")

    def score(self, features: Float32Array) -> Float64Array:
        """Return log-odds ``[n]`` for contiguous float32 ``[n, F]``."""
        if len(features) == 0:
            return np.empty(0)
        try:
            scores = self._session.run(["score"], {"features": features})[0]
        except self._errors as error:
            raise BadData(f"model.onnx: expected a score for {features.shape}: {error}") from error
        if scores.shape != (len(features), 1):
            raise BadData(f"model.onnx: expected scores [n, 1], got shape {scores.shape}")
        return np.asarray(scores[:, 0], dtype=np.float64)


def _session(data: bytes) -> "InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Without the switch a refused model is tried twice, and the first refusal printed.
    return onnxruntime.InferenceSession(
        data, options, providers=["CPUExecutionProvider"], enable_fallback=0
    )


def _errors() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises for a bad model; its classes share no base of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return (
        state.EPFail,
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NotImplemented,
        state.RuntimeException,
        RuntimeError,
        ValueError,
    )
