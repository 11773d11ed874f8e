"""What the API tells whoever measures it."""

from typing import Protocol

from starlette.types import Scope

__all__ = ["Meter", "Observer"]

_OTHER = "other"


class Meter(Protocol):
    """Figures for a monitor, as ``monitoring.Metrics`` gives them."""

    @property
    def content_type(self) -> str:
        """Of what :meth:`render` returns."""
        ...

    def render(self) -> bytes:
        """Return all figures as text."""
        ...

    def observe_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request."""
        ...

    def observe_signal(self, decision: str, seconds: float) -> None:
        """Count a signal: ``take``, ``reduce``, ``skip``, ``refused`` or ``failed``."""
        ...

    def observe_outcome(self) -> None:
        """Count an outcome that a bot told."""
        ...


class Observer:
    """Counts requests by the route that took them, never by their path: that anyone may choose."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def request(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request; status 0: whoever asked had gone."""
        route = getattr(scope.get("route"), "path", _OTHER)
        self._meter.observe_request(str(route), scope["method"], status or 499, seconds)
