"""The dashboard: a run in the browser, live, with the orders a person may give.

``add_dashboard`` mounts it on an application. The server describes pages as trees of text, once for
all visitors, and a small part in the browser draws them: see ``nodes`` and ``client/board.js``.
"""

from edgekeeper.dashboard.mounting import add_dashboard

__all__ = ["add_dashboard"]
