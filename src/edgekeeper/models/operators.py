"""Operators a packaged graph may use: sums over what it was given, and nothing else.

Left out on purpose: loops and branches (`Loop`, `Scan`, `If`), random numbers, texts, custom
domains, and operators whose output is as large as their input's *values* say. A learner that needs
one more adds it here, after a look at what a hostile graph could do with it.
"""

__all__ = ["OPERATORS", "SIZED_BY", "STANDARD", "TREES"]

STANDARD = frozenset(("", "ai.onnx"))

TREES = frozenset(("TreeEnsemble", "TreeEnsembleRegressor", "TreeEnsembleClassifier"))

_ELEMENTWISE = """
    Abs Add And Cast CastLike Ceil Celu Clip Constant Cos Div Elu Equal Erf Exp Floor Gelu Greater
    GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max
    Mean Min Mish Mod Mul Neg Not Or PRelu Pow Reciprocal Relu Round Selu Sigmoid Sign Sin Softplus
    Softsign Sqrt Sub Sum Swish Tan Tanh ThresholdedRelu Where Xor
"""
_TOGETHER = """
    ArgMax ArgMin CumSum Einsum Gemm LogSoftmax MatMul ReduceL1 ReduceL2 ReduceLogSum
    ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Softmax TopK
"""
_SHAPE = """
    Concat ConstantOfShape Expand Flatten Gather GatherElements GatherND OneHot Pad Range Reshape
    ScatterElements ScatterND Shape Size Slice Split Squeeze Tile Transpose Trilu Unsqueeze
"""
_NETWORK = """
    Attention AveragePool BatchNormalization Conv Dropout GRU GlobalAveragePool GlobalMaxPool
    GroupNormalization InstanceNormalization LSTM LayerNormalization LpNormalization MaxPool
    MeanVarianceNormalization RMSNormalization RNN
"""
_WHOLE_NUMBERS = "DequantizeLinear QuantizeLinear"
_CLASSIC = """
    ArrayFeatureExtractor Binarizer Imputer LinearClassifier LinearRegressor Normalizer Scaler
    SVMClassifier SVMRegressor
"""

OPERATORS: dict[str, frozenset[str]] = {
    "": frozenset(
        f"{_ELEMENTWISE} {_TOGETHER} {_SHAPE} {_NETWORK} {_WHOLE_NUMBERS}".split(),
    ),
    "ai.onnx.ml": frozenset(_CLASSIC.split()) | TREES,
}

SIZED_BY: dict[str, tuple[int, ...]] = {
    "ConstantOfShape": (0,),
    "Expand": (1,),
    "OneHot": (1,),
    "Pad": (1,),
    "Range": (0, 1, 2),
    "Reshape": (1,),
    "Slice": (1, 2, 3, 4),
    "Split": (1,),
    "Tile": (1,),
    "TopK": (1,),
}
"""Inputs whose values set the size of the output; none may be calculated from a feature's value."""
