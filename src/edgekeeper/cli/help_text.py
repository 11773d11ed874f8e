"""Help from docstrings: their paragraphs set anew for the width of the terminal."""

import inspect
from collections.abc import Callable

import typer

__all__ = ["add_command"]


def add_command(
    app: typer.Typer, name: str, command: Callable[..., None], panel: str | None = None
) -> None:
    """Add a command whose help is its docstring."""
    app.command(name, help=_reflowed(command), rich_help_panel=panel)(command)


def _reflowed(command: Callable[..., None]) -> str:
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
