"""The browser's part as an element: given a description, it draws; asked something, it tells."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from nicegui import ui

__all__ = ["CLIENT", "Board"]

CLIENT = Path(__file__).parent / "client"


class Board(ui.element, component=CLIENT / "board.js"):
    """Everything a visitor sees.

    Parameters
    ----------
    tree : str
        Description of the page, encoded.
    title, url : str
    on_go : callable
        Called with an address that the visitor wants to see.
    on_order : callable
        Called with a wish.
    """

    def __init__(
        self,
        tree: str,
        title: str,
        url: str,
        *,
        on_go: Callable[[object], Any],
        on_order: Callable[[object], Any],
    ) -> None:
        super().__init__()
        self._props.update(tree=tree, title=title, url=url)
        self.on("go", lambda event: on_go(event.args))
        self.on("order", lambda event: on_order(event.args))

    def show(self, tree: str, title: str, url: str) -> None:
        """Draw something else; nothing is sent where nothing has changed."""
        new = {"tree": tree, "title": title, "url": url}
        if any(self._props.get(name) != value for name, value in new.items()):
            self._props.update(new)
            self.update()

    def tell(self, text: str, tone: str, keep: bool, number: int) -> None:
        """Tell the visitor what became of a wish."""
        self._props["answer"] = {"text": text, "tone": tone, "keep": keep, "number": number}
        self.update()
