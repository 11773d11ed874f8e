"""Hide secrets in whatever is about to be written to a log."""

import os
import re
from collections.abc import Mapping

__all__ = ["HIDDEN", "Redactor"]

HIDDEN = "•••"
_SECRET_NAME = re.compile(r"(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|_KEY)$", re.IGNORECASE)
_SHORTEST = 8  # shorter values hide half of a sentence before they hide anything
_PATTERNS = (
    # what stands before stays, so that one sees what was hidden
    re.compile(r"(\b[a-z][a-z0-9+.-]*://[^/\s:@]*:)[^@\s/]+(?=@)", re.IGNORECASE),
    re.compile(r"(\bbearer\s+)[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(
        r"(\b[\w-]*(?:token|secret|password|passwd|api_?key)\b[\"']?\s*[=:]\s*[\"']?)"
        r"(?!bearer\b)[^\s\"'&,;}]{4,}",
        re.IGNORECASE,
    ),
    re.compile(r"([?&]code=)[^\s&\"']+", re.IGNORECASE),
    re.compile(r"(edgekeeper_session=)[^\s;\"']+", re.IGNORECASE),
    re.compile(r"(hooks\.slack\.com/services/)[\w/-]+", re.IGNORECASE),
    re.compile(r"(\b(?:bot)?)\d{6,12}:[\w-]{30,}"),
    re.compile(r"()-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*KEY-----|\Z)"),
)


class Redactor:
    """Replaces secrets by ``•••``: those of known shape, and values known to be some.

    Parameters
    ----------
    environment : mapping, optional
        Values of variables whose name says that they are secret are hidden wherever they occur.

    Examples
    --------
    >>> hide = Redactor({"MAIL_PASSWORD": "correct horse"})
    >>> hide("postgresql://me:pw@host/db refused correct horse")
    'postgresql://me:•••@host/db refused •••'
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        held = os.environ if environment is None else environment
        self._values = sorted(
            {v for k, v in held.items() if _SECRET_NAME.search(k) and len(v) >= _SHORTEST},
            key=len,
            reverse=True,
        )

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        for value in self._values:
            text = text.replace(value, HIDDEN)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\1{HIDDEN}", text)
        return text
