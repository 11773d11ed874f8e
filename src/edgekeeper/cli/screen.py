"""The live screen around a long run, wherever its lines go."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.report.terminal import LiveScreen

__all__ = ["follow"]


@contextmanager
def follow(
    titles: Mapping[str, str],
    screen: "Console",
    *,
    totals: Mapping[str, int] | None = None,
    minutes: float | None = None,
    headline: bool = True,
) -> "Iterator[LiveScreen]":
    """Show markets while they run.

    Parameters
    ----------
    headline : bool
        False where the headline stands already: off a terminal it is then not said again.
    """
    from edgekeeper.report.terminal import LiveScreen

    live = LiveScreen(titles, totals, minutes=minutes, console=screen)
    if not headline and not screen.is_terminal:
        yield live
        return
    with live:
        yield live
