"""Online learning: small models over a packaged forecast that learn from each outcome.

A corrector shifts what a package says, from the newest outcomes alone, and says the same as the
package until it has learned something. Each kind is one file, one class, one line in
``CORRECTORS``.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from edgekeeper.config import OnlineConfig
from edgekeeper.models.online.bayes import Bayes
from edgekeeper.models.online.continuation import Continuation
from edgekeeper.models.online.contract import Corrector, Outcome, View
from edgekeeper.models.online.river import River
from edgekeeper.models.online.sgd import SGD
from edgekeeper.models.online.viewing import agreement, scores_read, view_of

__all__ = [
    "CORRECTORS",
    "SGD",
    "Bayes",
    "Continuation",
    "Corrector",
    "Outcome",
    "River",
    "View",
    "agreement",
    "make_corrector",
    "scores_read",
    "view_of",
]

CORRECTORS: Mapping[str, Callable[[int], Corrector]] = MappingProxyType(
    {"bayes": Bayes, "continuation": Continuation, "river": River, "sgd": SGD}
)


def make_corrector(config: OnlineConfig) -> Corrector:
    """Return a corrector that has learned nothing yet."""
    return CORRECTORS[config.by](config.buffer)
