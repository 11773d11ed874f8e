"""Who may look and who may order: what the dashboard asks of the keeper of tokens and sessions."""

from typing import Literal, Protocol

__all__ = ["COOKIE", "Access", "Grant", "Role"]

COOKIE = "edgekeeper_session"
Role = Literal["read", "trade", "admin"]


class Grant(Protocol):
    """Whom a session belongs to."""

    @property
    def name(self) -> str:
        """As orders name them."""
        ...

    @property
    def role(self) -> Role:
        """What they may."""
        ...

    def may(self, role: Role) -> bool:
        """Whether their role is at least this one."""
        ...


class Access(Protocol):
    """Knows browser sessions."""

    def session(self, cookie: str | None) -> Grant | None:
        """Return whose session a cookie opens; None: nobody's, or no longer."""
        ...
