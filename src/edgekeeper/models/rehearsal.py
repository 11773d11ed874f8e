"""A graph's first two rows, under a bound of memory and time, before anything relies on it.

A few hundred bytes can ask for terabytes or hours. ONNX Runtime calculates constants while it
loads, where nothing can stop it, so a graph is first run as written, nothing ahead: that can be
stopped between operators, and its memory comes from an arena with a limit. What survives costs no
more when it is loaded to serve.
"""

import math
from functools import lru_cache
from threading import Lock, Timer
from typing import TYPE_CHECKING

import numpy as np

from edgekeeper.errors import BadData
from edgekeeper.models.sessions import runtime_errors, session_of

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["rehearse"]

_SECONDS = 0.5
_SPARE_BYTES = 64 * 2**20
_ONE_AT_A_TIME = Lock()


def rehearse(data: bytes, n_features: int) -> None:
    """Run two rows through a graph that may be hostile.

    Raises
    ------
    BadData
        Not a valid model, other inputs or outputs than a package's, too much memory, or too much
        time.
    """
    from onnxruntime import RunOptions

    errors = runtime_errors()
    rows = np.full((2, n_features), math.nan, dtype=np.float32)
    rows[0] = 0.0
    with _ONE_AT_A_TIME:
        _bound_memory(2 ** math.ceil(math.log2(_SPARE_BYTES + 4 * len(data))))
        options = RunOptions()
        options.log_severity_level = 4
        stop = Timer(_SECONDS, lambda: setattr(options, "terminate", True))
        stop.daemon = True
        try:
            session = session_of(data, bounded=True)
            _check_signature(session, n_features)
            stop.start()
            session.run(None, {"features": rows}, options)
        except errors as error:
            what = (
                f"one that takes more than {_SECONDS} s for two rows"
                if options.terminate
                else f"one refused: {error}"
            )
            raise BadData(f"model.onnx: expected a valid model, got {what}") from error
        finally:
            stop.cancel()


def _check_signature(session: "InferenceSession", n_features: int) -> None:
    inputs = [(i.name, i.type, i.shape[1:]) for i in session.get_inputs()]
    outputs = [o.name for o in session.get_outputs()]
    expected = ("features", "tensor(float)", [n_features])
    if inputs != [expected] or outputs != ["score"]:
        raise BadData(
            f"model.onnx: expected input {expected} as in the manifest and output 'score', "
            f"got {inputs} and {outputs}"
        )


@lru_cache(maxsize=1)
def _bound_memory(most: int) -> None:
    """Set the limit of the arena that sessions share if they ask to; only rehearsals do."""
    import onnxruntime

    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    settings = onnxruntime.OrtArenaCfg({"max_mem": most, "arena_extend_strategy": 1})
    onnxruntime.create_and_register_allocator(memory, settings)
