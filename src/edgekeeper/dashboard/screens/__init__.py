"""The rooms of the dashboard, in the order of the menu."""

from edgekeeper.dashboard.screens.decisions import decisions
from edgekeeper.dashboard.screens.models import models
from edgekeeper.dashboard.screens.overview import overview
from edgekeeper.dashboard.view import Screen

__all__ = ["SCREENS", "screen_at"]

SCREENS: tuple[Screen, ...] = (
    Screen("/", "Overview", "overview", overview),
    Screen("/models", "Models", "models", models),
    Screen("/decisions", "Decisions", "decisions", decisions),
)


def screen_at(path: str) -> Screen:
    """Return the room at a path; the overview, where there is none."""
    return next((screen for screen in SCREENS if screen.path == path), SCREENS[0])
