"""Sessions of ONNX Runtime as packages are served: one thread, no words; a card where asked."""

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from edgekeeper.errors import UsageError
from edgekeeper.models.devices import require_cuda
from edgekeeper.types import Device

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["runtime_errors", "session_of"]

_CUDA = "CUDAExecutionProvider"
_FATAL_ONLY = 4  # everything less is raised by the caller, with the file it concerns


def session_of(data: bytes, *, bounded: bool = False, device: Device = "cpu") -> "InferenceSession":
    """Open a session.

    Parameters
    ----------
    data : bytes
        Serialised ONNX model.
    bounded : bool
        Calculate nothing ahead and take memory from the shared, bounded arena.
    device : {"cpu", "cuda"}
        What a card has no operator for stays on the processor.

    Raises
    ------
    UsageError
        No card that ONNX Runtime can use.
    """
    if device == "cuda":
        require_cuda("onnxruntime", "package")
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
    providers: list[str | tuple[str, dict[str, str]]] = ["CPUExecutionProvider"]
    if device == "cuda":
        options.use_deterministic_compute = True
        providers.insert(0, (_CUDA, {"use_tf32": "0"}))
        with redirect_stdout(sys.stderr):  # it prints what it does not find
            onnxruntime.preload_dlls()
    # Without the switch a refused model is tried twice, and the first refusal printed.
    session = onnxruntime.InferenceSession(data, options, providers=providers, enable_fallback=0)
    if device == "cuda" and _CUDA not in session.get_providers():
        raise UsageError(
            f"package: expected ONNX Runtime to use {_CUDA}, got {session.get_providers()}: its "
            "libraries of CUDA or cuDNN are absent or of other versions: `pip install "
            '"onnxruntime-gpu[cuda,cudnn]"`, or use device = "cpu"'
        )
    return session


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
