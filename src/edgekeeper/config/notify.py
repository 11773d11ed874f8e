"""``[notify]``: who is told of alerts, by which channels, and when. Shapes no result.

Secrets never stand here: a setting names a variable of the environment, or a file of mode 0600.
"""

from datetime import time
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from edgekeeper.config.section import Section

__all__ = [
    "EmailConfig",
    "Hour",
    "NotifyConfig",
    "SlackConfig",
    "TelegramConfig",
    "WebhookConfig",
]

Least = Literal["critical", "warning", "info"]

# Names of variables.
_BOT = "EDGEKEEPER_TELEGRAM_TOKEN"
_MAIL = "EDGEKEEPER_SMTP_PASSWORD"
_SIGNING = "EDGEKEEPER_WEBHOOK_SECRET"


def _hour(text: str) -> str:
    try:
        time.fromisoformat(text)
    except ValueError as error:
        raise ValueError("expected an hour such as '22:00'") from error
    return text


def _address(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.hostname):
        raise ValueError("expected an address that begins with https:// or http://")
    if parts.username or parts.password:
        raise ValueError("expected an address without user and password: a secret is no setting")
    return text


Hour = Annotated[str, AfterValidator(_hour)]
Address = Annotated[str, AfterValidator(_address)]


class TelegramConfig(Section):
    """A bot of Telegram's @BotFather, and the chats it writes to."""

    token_env: str = _BOT
    token_file: str = ""
    chats: tuple[int | str, ...] = Field(min_length=1)
    commands_from: tuple[int, ...] = ()
    users: tuple[int, ...] = ()
    severity: Least = "info"
    api_url: Address = "https://api.telegram.org"


class SlackConfig(Section):
    """An incoming webhook of Slack, whose address is the secret."""

    url_env: str = "EDGEKEEPER_SLACK_URL"
    url_file: str = ""
    severity: Least = "warning"


class EmailConfig(Section):
    """A mail server that takes what is sent on."""

    host: str = Field(min_length=1)
    port: int = Field(587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_env: str = _MAIL
    password_file: str = ""
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    to: tuple[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")], ...] = Field(min_length=1)
    severity: Least = "warning"
    ca_file: str = ""

    @model_validator(mode="after")
    def _no_password_in_the_open(self) -> Self:
        if self.user and self.security == "none" and self.host not in ("localhost", "127.0.0.1"):
            raise ValueError(
                "expected security of starttls or tls with a user: a password would be readable"
            )
        return self


class WebhookConfig(Section):
    """An address of your own that takes JSON."""

    url: Address = Field(min_length=1)
    secret_env: str = _SIGNING
    secret_file: str = ""
    severity: Least = "info"


class NotifyConfig(Section):
    """Who is told of alerts, how and when. Shapes no result, so no hash knows of it."""

    name: str = ""
    runbooks_url: Address = ""
    time_zone: str = "UTC"
    quiet_from: Hour | None = None
    quiet_until: Hour | None = None
    info: Literal["at once", "daily", "weekly"] = "weekly"
    digest_at: Hour = "08:00"
    group_minutes: float = Field(10.0, ge=0, le=1_440)
    repeat_minutes: float = Field(60.0, ge=0, le=10_080)
    give_up_hours: float = Field(24.0, gt=0, le=720)
    most_waiting: int = Field(1_000, ge=10, le=100_000)
    timeout_seconds: float = Field(10.0, ge=0.05, le=60)
    telegram: TelegramConfig | None = None
    slack: SlackConfig | None = None
    email: EmailConfig | None = None
    webhook: WebhookConfig | None = None
    heartbeat_url: Address = ""
    heartbeat_url_env: str = ""
    heartbeat_url_file: str = ""
    heartbeat_every_seconds: float = Field(60.0, ge=0.05, le=86_400)
    heartbeat_fail: bool = False

    @model_validator(mode="after")
    def _hours_that_exist(self) -> Self:
        if (self.quiet_from is None) is not (self.quiet_until is None):
            raise ValueError("expected both quiet_from and quiet_until, or neither")
        if self.time_zone != "UTC":
            try:
                ZoneInfo(self.time_zone)
            except (ZoneInfoNotFoundError, ValueError, OSError) as error:
                raise ValueError(
                    f"expected a time_zone such as 'Europe/Berlin', got {self.time_zone!r}"
                ) from error
        return self

    @property
    def has_heartbeat(self) -> bool:
        """Whether an outside monitor is to be told that all is well."""
        return bool(self.heartbeat_url or self.heartbeat_url_env or self.heartbeat_url_file)
