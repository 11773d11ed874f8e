"""Command line: commands, what they print, and the exit codes they end with.

Nothing heavy is imported until a command needs it. What commands do is handed in as
:class:`Services`, so that this room needs nothing of the one above it.
"""

from edgekeeper.cli.app import make_app
from edgekeeper.cli.services import Services

__all__ = ["Services", "make_app"]
