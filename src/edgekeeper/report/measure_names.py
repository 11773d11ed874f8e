"""What the measures of forecasts and trades are called, on every page alike."""

__all__ = ["MEASURE_NAMES"]

MEASURE_NAMES = {
    "net_return": "A trade earned",
    "accuracy_gain": "Accuracy over the majority class",
    "brier_gain": "Brier score over the base rate",
}
