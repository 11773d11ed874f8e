"""The REST API: programs ask a run and order it; bots send their signals. Closed by default.

Importing this loads no web framework; :func:`make_api` does.
"""

from edgekeeper.api.access import COOKIE, Access
from edgekeeper.api.app import make_api
from edgekeeper.api.grants import Grant, Role, TokenOnRecord
from edgekeeper.api.secret_file import kept_secret
from edgekeeper.api.settings import ApiSettings, uvicorn_settings

__all__ = [
    "COOKIE",
    "Access",
    "ApiSettings",
    "Grant",
    "Role",
    "TokenOnRecord",
    "kept_secret",
    "make_api",
    "uvicorn_settings",
]
