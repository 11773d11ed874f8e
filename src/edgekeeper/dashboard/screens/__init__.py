"""The rooms of the dashboard, in the order of the menu."""

from edgekeeper.dashboard.screens.data import data
from edgekeeper.dashboard.screens.decisions import decisions
from edgekeeper.dashboard.screens.drift import drift
from edgekeeper.dashboard.screens.models import models
from edgekeeper.dashboard.screens.overview import overview
from edgekeeper.dashboard.screens.performance import performance
from edgekeeper.dashboard.screens.signals import signals
from edgekeeper.dashboard.screens.system import system
from edgekeeper.dashboard.view import Screen

__all__ = ["SCREENS", "screen_at"]

SCREENS: tuple[Screen, ...] = (
    Screen("/", "Overview", "overview", overview),
    Screen("/models", "Models", "models", models),
    Screen("/decisions", "Decisions", "decisions", decisions),
    Screen("/performance", "Performance", "performance", performance),
    Screen("/drift", "Drift", "drift", drift),
    Screen("/data", "Data", "data", data),
    Screen("/signals", "Signals", "signals", signals),
    Screen("/system", "System", "system", system),
)


def screen_at(path: str) -> Screen:
    """Return the room at a path; the overview, where there is none."""
    return next((screen for screen in SCREENS if screen.path == path), SCREENS[0])
