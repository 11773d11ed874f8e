"""Operators a packaged graph may use: those that learners, ensembles and calibrators write.

So left out are loops and branches (`Loop`, `Scan`, `If`), random numbers, texts, custom domains,
and all that merely nobody here needs: each operator is code of ONNX Runtime that a hostile graph
could reach. A learner that needs one more adds it here, after a look at what could be done with it.
"""

__all__ = ["OPERATORS", "SIZED_BY", "STANDARD", "TREES"]

STANDARD = frozenset(("", "ai.onnx"))

TREES = "TreeEnsemble"

_SUMS = "Add Clip Div Exp Log MatMul Mul Relu Round Sigmoid Sub Tanh"
_QUESTIONS = "Greater IsNaN Where"
_SHAPE = "Concat Expand Gather Pad Reshape Shape Slice Transpose"
_KIND = "Cast DequantizeLinear Identity"
_NETWORK = "LSTM"

OPERATORS: dict[str, frozenset[str]] = {
    "": frozenset(f"{_SUMS} {_QUESTIONS} {_SHAPE} {_KIND} {_NETWORK}".split()),
    "ai.onnx.ml": frozenset((TREES,)),
}

SIZED_BY: dict[str, tuple[int, ...]] = {
    "Expand": (1,),
    "Pad": (1,),
    "Reshape": (1,),
    "Slice": (1, 2, 3, 4),
}
"""Inputs whose values set the size of the output; none may be calculated from a feature's value."""
