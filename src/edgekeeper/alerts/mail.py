"""E-mail, through a mail server that takes what is sent on (submission, RFC 6409)."""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate

from edgekeeper.alerts.alert import Severity
from edgekeeper.alerts.delivering import Failure, Undelivered
from edgekeeper.alerts.notice import Notice, one_line
from edgekeeper.alerts.secret import Secret, blotted
from edgekeeper.config import EmailConfig

__all__ = ["Mail"]


@dataclass(slots=True)
class Mail:
    """One message to all recipients.

    Parameters
    ----------
    settings : EmailConfig
    password : Secret
    silence_seconds : float
    """

    settings: EmailConfig
    password: Secret
    silence_seconds: float = 10.0
    name: str = "email"
    longest: int = 16_000

    @property
    def severity(self) -> Severity:
        """Least severity that it is for."""
        return self.settings.severity

    def prepare(self) -> None:
        """Nothing has to be loaded."""

    def deliver(self, notice: Notice) -> None:
        """Send it. Whom the server refuses does not keep it from the others.

        Raises
        ------
        Undelivered
            Nobody gets it.
        """
        secret = self.password.reveal() if self.settings.user else ""
        message = self._write(notice)
        try:
            with self._server() as server:
                if self.settings.user:
                    server.login(self.settings.user, secret)
                server.send_message(message)
        except (smtplib.SMTPException, OSError) as error:
            raise _undelivered(error, self.silence_seconds) from None

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        """A connection, encrypted as the settings want it; without, nothing is said."""
        to = self.settings
        if to.security == "tls":
            with smtplib.SMTP_SSL(
                to.host, to.port, timeout=self.silence_seconds, context=self._trusted()
            ) as server:
                yield server
            return
        with smtplib.SMTP(to.host, to.port, timeout=self.silence_seconds) as server:
            if to.security == "starttls":
                server.starttls(context=self._trusted())
            yield server

    def _trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.settings.ca_file or None)

    def _write(self, notice: Notice) -> EmailMessage:
        message = EmailMessage()
        message["Subject"] = one_line(notice.title)
        message["From"] = self.settings.sender
        message["To"] = ", ".join(self.settings.to)
        message["Date"] = formatdate(usegmt=True)
        domain = self.settings.sender.partition("@")[2]
        message["Message-ID"] = f"<{notice.key}@{domain}>"  # who gets it twice sees that
        message["Auto-Submitted"] = "auto-generated"
        if notice.severity == "critical":
            message["Importance"] = "high"
        message.set_content(notice.text)
        return message


def _undelivered(error: Exception, silence_seconds: float) -> Undelivered:
    """What an error of the mail server means."""
    lost = isinstance(error, smtplib.SMTPServerDisconnected) and "timed out" in str(error)
    if lost or isinstance(error, TimeoutError):
        return Undelivered(f"the mail server: no answer for {silence_seconds:g} s", "passing")
    if isinstance(error, ssl.SSLError):
        return Undelivered(f"the mail server: no encryption: {error.reason or error}", "refused")
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        passing = any(400 <= code < 500 for code in codes)
        code, said = next(iter(error.recipients.values()))
        return Undelivered(_told(code, said), "passing" if passing else "refused")
    if isinstance(error, smtplib.SMTPResponseException):
        kind: Failure = "refused"
        if 400 <= error.smtp_code < 500 or error.smtp_code < 0:
            kind = "passing"
        elif isinstance(error, smtplib.SMTPDataError):
            kind = "hopeless"
        return Undelivered(_told(error.smtp_code, error.smtp_error), kind)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Undelivered(blotted(f"the mail server: {one_line(str(error))}"), "refused")
    return Undelivered(
        blotted(f"the mail server: {one_line(str(error)) or type(error).__name__}"), "passing"
    )


def _told(code: int, said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return blotted(f"the mail server: {code} {one_line(text)[:200]}")
