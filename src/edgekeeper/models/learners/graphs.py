"""ONNX graphs with the one signature packages serve: float32 features in, double score out.

The graphs are written by hand, not converted: thresholds and leaf values stay the doubles the
learner has, so that both sides of packaging take the same branches, sum in the same order, and
agree to the bit.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgekeeper.types import Float64Array

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

__all__ = ["double", "score_graph"]

_IR_VERSION, _OPSET, _ML_OPSET = 10, 17, 5


def score_graph(
    nodes: "Sequence[NodeProto]", constants: "Sequence[TensorProto]", n_features: int
) -> bytes:
    """Serialise nodes that lead from ``x``, double ``[n, F]``, to ``score``, double ``[n, 1]``.

    The graph's input is ``features``, float32 ``[n, F]``; the cast to ``x`` is added here.
    """
    from onnx import TensorProto, checker, helper

    cast = helper.make_node("Cast", ["features"], ["x"], to=TensorProto.DOUBLE)
    graph = helper.make_graph(
        [cast, *nodes],
        "score",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", n_features])],
        [helper.make_tensor_value_info("score", TensorProto.DOUBLE, ["n", 1])],
        list(constants),
    )
    model = helper.make_model(
        graph,
        ir_version=_IR_VERSION,
        producer_name="edgekeeper",
        opset_imports=[
            helper.make_opsetid("", _OPSET),
            helper.make_opsetid("ai.onnx.ml", _ML_OPSET),
        ],
    )
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def double(name: str, values: Float64Array) -> "TensorProto":
    """Return a constant of doubles."""
    from onnx import numpy_helper

    return numpy_helper.from_array(np.ascontiguousarray(values, dtype=np.float64), name)
