"""From a line's forecast to the size it would give a signal: the questions as in trading."""

from edgekeeper.config import PolicyConfig
from edgekeeper.sidecar.funnel import Opinion
from edgekeeper.sidecar.inputs import SignalRow
from edgekeeper.sidecar.messages import ForecastOut
from edgekeeper.sidecar.model import SignalModel
from edgekeeper.simulator.compiled import plain
from edgekeeper.simulator.policy import rescale

__all__ = ["abstention", "judge"]

_rescale = plain(rescale)


def abstention(
    line: str, package: str, share: float, why: str, forecast: ForecastOut | None = None
) -> Opinion:
    """Return the opinion of a line that has none: the bot decides, as without it."""
    reasons = (f"{why}: the model abstains and the bot decides",)
    return Opinion(line, package, forecast or ForecastOut(), 1.0, reasons, share, abstains=True)


def judge(
    line: str,
    model: SignalModel,
    share: float,
    row: SignalRow,
    policy: PolicyConfig,
    min_known: float,
) -> Opinion:
    """Return what a line says of a signal."""
    known, of = model.inputs.known(row)
    if known < min_known * of:
        why = f"only {known} of the model's {of} features are known"
        return abstention(line, model.hash, share, why)
    forecast = model.forecast(row)
    novelty = forecast.novelty or 0.0
    if novelty > policy.max_novelty:
        why = f"{_percent(novelty)} of what it sees is outside what it was trained on"
        return abstention(line, model.hash, share, why, forecast)
    reasons: tuple[str, ...] = (
        f"{known} of {of} features are known, {_percent(novelty)} unfamiliar",
    )
    expected = forecast.expected_return
    if expected is None or not expected > 0.0:
        said = "unknown" if expected is None else f"{expected:+.2%}".replace("%", " %")
        reasons += (f"expected after costs: {said}, which is no gain: skip",)
        return Opinion(line, model.hash, forecast, 0.0, reasons, share)
    reasons += (f"expected after costs: {expected:+.2%}".replace("%", " %"),)
    scaled = float(_rescale(forecast.probability or 0.0, model.break_even))
    band = f"chance of a gain {_percent(scaled)} on the scale where 50 % breaks even"
    if scaled > policy.take_above:
        return Opinion(line, model.hash, forecast, 1.0, (*reasons, f"{band}: take"), share)
    if scaled >= policy.reduce_above:
        size = policy.reduce_size
        return Opinion(line, model.hash, forecast, size, (*reasons, f"{band}: reduce"), share)
    return Opinion(line, model.hash, forecast, 0.0, (*reasons, f"{band}: skip"), share)


def _percent(share: float) -> str:
    return f"{100.0 * share:.0f} %"
