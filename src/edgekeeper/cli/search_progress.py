"""What is seen of a search while it goes on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from edgekeeper.train import Progress

__all__ = ["search_progress", "usual_jobs"]


@contextmanager
def search_progress(screen: "Console", words: str) -> "Iterator[Progress]":
    """Show a bar of the trials done; nothing off a terminal."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=screen, transient=True) as bar:
        task = bar.add_task(words, total=None)

        def done(number: int, total: int) -> None:
            bar.update(task, completed=number, total=total)

        yield done


def usual_jobs() -> int:
    """All processors but one: searching leaves the machine one to work with."""
    return max(1, (os.cpu_count() or 1) - 1)
