"""A line of the log for every change: who, what, from where, and what became of it.

The record of the run holds orders as well, with the same name; the log adds where they came from.
"""

import json
import logging
from typing import TYPE_CHECKING

from edgekeeper.api.door import address_of

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from edgekeeper.api.grants import Grant

__all__ = ["note"]

_LOG = logging.getLogger("edgekeeper.api.audit")


def note(
    act: str, who: "Grant", request: "HTTPConnection", *, outcome: str, **more: str | None
) -> None:
    """Write one line as JSON; no token, cookie or code is ever part of it."""
    said = {
        "act": act,
        "who": who.name,
        "role": who.role,
        "from": address_of(request),
        "request": request.scope.get("edgekeeper.request_id", ""),
        **{name: text for name, text in more.items() if text},
        "outcome": outcome,
    }
    _LOG.info("%s", json.dumps(said), extra={"audit": said})
