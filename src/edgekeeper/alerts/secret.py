"""``Secret``: a token or password that lies in the environment or in a file, and is never shown.

What was revealed once is blotted out of everything this process logs about HTTP.
"""

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from edgekeeper.errors import UsageError

__all__ = ["Secret", "blotted"]

_SHORTEST = 6  # blotting out a shorter one would blot out words
_MOST_BYTES = 8_192
_revealed: set[str] = set()


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret lies. It is read at each use, so that it may be changed under way.

    Parameters
    ----------
    what : str
        What it is, for errors.
    variable : str
        Of the environment; used where no file is named.
    file : str
        Readable by its owner alone.

    Examples
    --------
    >>> Secret("the bot's token", "NO_SUCH_VARIABLE").reveal()
    Traceback (most recent call last):
        ...
    edgekeeper.errors.UsageError: the bot's token: expected it in the variable NO_SUCH_VARIABLE \
of the environment, which is not set
    """

    what: str
    variable: str = ""
    file: str = ""

    def reveal(self) -> str:
        """Return it.

        Raises
        ------
        UsageError
            It is not there, is empty, or others may read its file.
        """
        secret = self._from_file() if self.file else self._from_environment()
        if not secret or not secret.isprintable():
            where = self.file or self.variable
            raise UsageError(f"{self.what}: expected one line of text in {where}")
        if len(secret) >= _SHORTEST:
            _revealed.add(secret)
        return secret

    def _from_environment(self) -> str:
        found = os.environ.get(self.variable)
        if found is None:
            raise UsageError(
                f"{self.what}: expected it in the variable {self.variable or '(none named)'} of "
                "the environment, which is not set"
            )
        return found.strip()

    def _from_file(self) -> str:
        path = Path(self.file).expanduser()
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                if os.name == "posix" and mode & 0o077:
                    raise UsageError(
                        f"{self.what}: others may read {path}: `chmod 600 {path}`, and change the "
                        "secret if anybody has"
                    )
                return file.read(_MOST_BYTES).decode("utf-8").strip()
        except OSError as error:
            raise UsageError(f"{self.what}: could not read {path}: {error.strerror}") from error
        except UnicodeDecodeError:
            raise UsageError(f"{self.what}: expected text in {path}, got other bytes") from None


def blotted(text: str) -> str:
    """Return a text without any secret that this process has revealed.

    Examples
    --------
    >>> blotted("nothing to hide")
    'nothing to hide'
    """
    for secret in sorted(_revealed, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


class _Blot(logging.Filter):
    """Addresses of Telegram and Slack hold the secret, and HTTP libraries log addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = blotted(record.getMessage()), ()
        return True


_LOGGERS = (
    "httpx", "httpcore.connection", "httpcore.http11", "telegram.Bot",
    "telegram.request.BaseRequest", "telegram.request.HTTPXRequest",
)  # fmt: skip
for _name in _LOGGERS:  # a filter holds for its own logger alone, not for those below it
    logging.getLogger(_name).addFilter(_Blot())
