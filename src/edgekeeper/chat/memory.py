"""``Memory``: what the bot has to know again after a restart.

Which update comes next, so that none is handled twice; which orders have not been answered, so that
their outcome is told; and who was turned away, so that each is noted once.
"""

import json
from pathlib import Path
from typing import Any

from edgekeeper.errors import StorageError

__all__ = ["MEMORY", "Memory"]

MEMORY = "chat.json"
_MOST_STRANGERS = 100
_MOST_ORDERS = 100


class Memory:
    """A small file beside the record; without it, or where it is damaged, memory is empty.

    Parameters
    ----------
    folder : path

    Attributes
    ----------
    next_update : int
        Number of the first update that was not begun yet; 0: any.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / MEMORY
        said = self._read()
        number = said.get("next_update")
        self.next_update = number if isinstance(number, int) else 0
        self._orders = {
            order: what
            for order, what in _mapping(said.get("orders")).items()
            if isinstance(what.get("chat"), int) and isinstance(what.get("since"), int | float)
        }
        self._strangers = _mapping(said.get("strangers"))

    @property
    def orders(self) -> dict[str, dict[str, Any]]:
        """Orders whose outcome has not been told, by id, with the chat that waits for it."""
        return dict(self._orders)

    @property
    def strangers(self) -> dict[str, dict[str, Any]]:
        """Who wrote without being allowed to, by chat and person."""
        return dict(self._strangers)

    def begin(self, update: int) -> None:
        """Note that an update is handled now: should that end in a crash, it is not again."""
        self.next_update = update + 1
        self._write()

    def await_order(self, order: str, what: dict[str, Any]) -> None:
        """Note that somebody waits for the outcome of an order."""
        self._orders[order] = what
        while len(self._orders) > _MOST_ORDERS:
            self._orders.pop(next(iter(self._orders)))
        self._write()

    def forget_order(self, order: str) -> None:
        """Its outcome was told, or nobody waits any more."""
        if self._orders.pop(order, None) is not None:
            self._write()

    def note_stranger(self, chat: int, user: int, name: str, time_ns: int) -> bool:
        """Note who was turned away; return whether they are new, and few enough to be told of."""
        who = f"{chat} {user}"
        if who in self._strangers or len(self._strangers) >= _MOST_STRANGERS:
            return False
        self._strangers[who] = {"name": name[:64], "first_ns": time_ns}
        self._write()
        return True

    def _read(self) -> dict[str, Any]:
        try:
            said = json.loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StorageError(f"could not read {self._file}: {error.strerror}") from error
        except ValueError:  # half a file of a machine that lost power
            return {}
        return said if isinstance(said, dict) else {}

    def _write(self) -> None:
        said = {
            "next_update": self.next_update,
            "orders": self._orders,
            "strangers": self._strangers,
        }
        temporary = self._file.with_suffix(".tmp")
        try:
            temporary.touch(mode=0o600)
            temporary.write_text(json.dumps(said), "utf-8")
            temporary.replace(self._file)
        except OSError as error:
            raise StorageError(f"could not write {self._file}: {error.strerror}") from error


def _mapping(found: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(found, dict):
        return {}
    return {str(key): value for key, value in found.items() if isinstance(value, dict)}
