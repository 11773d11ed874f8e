"""Servers that take messages: Slack's incoming webhook, a webhook of one's own, a mail server."""

import socket
import ssl
import time
from typing import Any

from edgekeeper.alerts.webhook import signature
from edgekeeper.testing.faulty_server import Asked, FaultyServer, Reply

__all__ = ["MailServer", "SlackServer", "WebhookServer"]

_TOLERANCE_SECONDS = 300.0


class SlackServer(FaultyServer):
    """An incoming webhook as Slack documents it: ``ok``, or a reason in plain text.

    Attributes
    ----------
    texts : list of str
        What was posted.
    """

    path = "/services/T000/B000/local-secret-of-a-test"

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    @property
    def hook(self) -> str:
        """The whole address, which is the secret."""
        return self.url + self.path

    def reply(self, asked: Asked) -> Reply:
        """Return what Slack would."""
        if asked.path != self.path:
            return 404, {}, "no_service"
        try:
            text = asked.params.get("text")
        except ValueError:
            return 400, {}, "invalid_payload"
        if not isinstance(text, str) or not text:
            return 400, {}, "no_text"
        self.texts.append(text)
        return 200, {}, "ok"


class WebhookServer(FaultyServer):
    """A receiver that checks signature and time, and takes each id once.

    Attributes
    ----------
    taken : list of dict
        Bodies, each once.
    """

    def __init__(self, secret: str) -> None:
        super().__init__()
        self.secret = secret
        self.taken: list[dict[str, Any]] = []
        self.keys: list[str] = []

    def reply(self, asked: Asked) -> Reply:
        """Return 204 where it was taken, now or before."""
        key = asked.headers.get("webhook-id", "")
        told = int(asked.headers.get("webhook-timestamp", "0"))
        wanted = signature(self.secret, key, told, asked.body)
        if wanted not in asked.headers.get("webhook-signature", "").split():
            return 401, {}, "wrong signature"
        if abs(time.time() - told) > _TOLERANCE_SECONDS:
            return 401, {}, "too old"
        if key not in self.keys:
            self.taken.append(asked.params)
        self.keys.append(key)
        return 204, {}, ""


class MailServer:
    """A mail server (aiosmtpd) that takes mail, or refuses it as told. Used as a context manager.

    Parameters
    ----------
    user, password : str, optional
        Without them nobody has to say who they are.
    context : ssl.SSLContext, optional
        Offers STARTTLS; with ``tls`` everything is encrypted from the start.

    Attributes
    ----------
    mails : list of bytes
        Whole messages that were taken.
    refuse : dict of str to str
        What is said instead of yes: to ``"MAIL"``, ``"RCPT"`` or ``"DATA"``.
    """

    def __init__(
        self,
        user: str = "",
        password: str = "",
        context: ssl.SSLContext | None = None,
        *,
        tls: bool = False,
    ) -> None:
        self.mails: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.refuse: dict[str, str] = {}
        self._user, self._password = user, password
        self._controller = self._make(context, tls)

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._controller.port
        return port

    def __enter__(self) -> "MailServer":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def _make(self, context: ssl.SSLContext | None, tls: bool) -> Any:
        from aiosmtpd.controller import Controller
        from aiosmtpd.smtp import AuthResult, LoginPassword

        def judge(server: Any, session: Any, envelope: Any, mechanism: str, said: Any) -> Any:
            right = LoginPassword(self._user.encode(), self._password.encode())
            return AuthResult(success=said == right, handled=False)

        return Controller(
            _Mailbox(self),
            hostname="127.0.0.1",
            port=_free_port(),
            ssl_context=context if tls else None,
            tls_context=None if tls else context,
            authenticator=judge if self._user else None,
            auth_required=bool(self._user) and not tls,  # it does not see that all is encrypted
            auth_require_tls=context is not None and not tls,
        )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


class _Mailbox:
    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if "MAIL" in self._server.refuse:
            return self._server.refuse["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self._server.refuse:
            return self._server.refuse["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if "DATA" in self._server.refuse:
            return self._server.refuse["DATA"]
        self._server.mails.append(envelope.content)
        self._server.recipients.append(list(envelope.rcpt_tos))
        return "250 taken"
