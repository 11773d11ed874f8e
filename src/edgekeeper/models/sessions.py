"""Sessions of ONNX Runtime as packages are served: one thread, the processor, no words."""

import ctypes
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["give_back_memory", "runtime_errors", "session_of"]

_FATAL_ONLY = 4  # everything less is raised by the caller, with the file it concerns


def session_of(data: bytes, *, bounded: bool = False) -> "InferenceSession":
    """Open a session.

    Parameters
    ----------
    data : bytes
        Serialised ONNX model.
    bounded : bool
        Calculate nothing ahead and take memory from the shared, bounded arena.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = _FATAL_ONLY
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if bounded:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.add_session_config_entry("session.use_env_allocators", "1")
    # Without the switch a refused model is tried twice, and the first refusal printed.
    return onnxruntime.InferenceSession(
        data, options, providers=["CPUExecutionProvider"], enable_fallback=0
    )


def runtime_errors() -> tuple[type[Exception], ...]:
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


def give_back_memory() -> None:
    """Return to the system what loading took and left free; only glibc has to be asked."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
