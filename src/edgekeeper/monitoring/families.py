"""Families of samples, in Prometheus's words: a name, what it means, its labels, its values."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

__all__ = ["counter", "gauge", "histogram", "state_set"]

_Key = TypeVar("_Key", bound=tuple[str, ...])  # values of labels, in the order of their names


def gauge(
    name: str, meaning: str, values: Mapping[_Key, float] | float | None, labels: Iterable[str] = ()
) -> "GaugeMetricFamily":
    """Return what may rise and fall; a single value that is None is left out."""
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(f"edgekeeper_{name}", meaning, labels=tuple(labels))
    for key, value in _items(values):
        family.add_metric(key, value)
    return family


def counter(
    name: str, meaning: str, values: Mapping[_Key, float] | float | None, labels: Iterable[str] = ()
) -> "CounterMetricFamily":
    """Return what only rises; its samples are called ``<name>_total``."""
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(f"edgekeeper_{name}", meaning, labels=tuple(labels))
    for key, value in _items(values):
        family.add_metric(key, value)
    return family


def state_set(
    name: str, meaning: str, states: Iterable[str], now: Mapping[_Key, str],
    labels: Iterable[str] = (),
) -> "GaugeMetricFamily":  # fmt: skip
    """Return a series for each state, 1 for the one that holds and 0 for the others."""
    known = tuple(states)
    values = {
        (*key, state): float(state == held)
        for key, held in now.items()
        for state in (known if held in known else (*known, held))
    }
    return gauge(name, meaning, values, (*labels, "state"))


def histogram(
    name: str, meaning: str, bounds: Iterable[float], counts: Iterable[int], total: float
) -> "HistogramMetricFamily":
    """Return counts by bucket; ``counts`` has one more than ``bounds``, for what is above."""
    from prometheus_client.core import HistogramMetricFamily

    family = HistogramMetricFamily(f"edgekeeper_{name}", meaning)
    buckets: list[tuple[str, float]] = []
    below = 0
    for bound, count in zip([*map(repr, bounds), "+Inf"], counts, strict=True):
        below += count
        buckets.append((bound, float(below)))
    family.add_metric((), buckets, total)
    return family


def _items(values: Mapping[_Key, float] | float | None) -> Iterable[tuple[tuple[str, ...], float]]:
    if values is None:
        return ()
    if isinstance(values, Mapping):
        return values.items()
    return [((), float(values))]
