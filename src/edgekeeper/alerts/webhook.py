"""A webhook of one's own: JSON, signed as https://www.standardwebhooks.com has it.

``webhook-id`` is the same whenever a message is sent again, ``webhook-timestamp`` says when it was
sent, in seconds, and ``webhook-signature`` is ``v1,`` and the base64 of the HMAC-SHA256 of
``id.timestamp.body`` under the secret. Who receives it should refuse old times, and take each id
once.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from edgekeeper.alerts.alert import Severity
from edgekeeper.alerts.notice import Notice
from edgekeeper.alerts.posting import ask, check_status, prepare_http
from edgekeeper.alerts.secret import Secret
from edgekeeper.errors import UsageError

__all__ = ["Webhook", "signature"]

_PREFIX = "whsec_"


def signature(secret: str, key: str, timestamp: int, body: bytes) -> str:
    """Return what ``webhook-signature`` has to hold.

    Parameters
    ----------
    secret : str
        Text, or ``whsec_`` and base64.
    key, timestamp, body
        As in ``webhook-id`` and ``webhook-timestamp``, and as received.

    Examples
    --------
    >>> signature("whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ...           "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    bytes_ = secret.encode()
    if secret.startswith(_PREFIX):
        try:
            bytes_ = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            raise UsageError(
                f"the webhook's secret: expected base64 after {_PREFIX!r}, got something else"
            ) from None
    told = f"{key}.{timestamp}.".encode() + body
    digest = hmac.new(bytes_, told, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


@dataclass(slots=True)
class Webhook:
    """An address that takes JSON.

    Parameters
    ----------
    url : str
    secret : Secret
    silence_seconds : float
    now_seconds : callable
    """

    url: str
    secret: Secret
    silence_seconds: float = 10.0
    severity: Severity = "info"
    name: str = "webhook"
    longest: int = 16_000
    now_seconds: Callable[[], float] = time.time

    def prepare(self) -> None:
        """Load what HTTP needs."""
        prepare_http()

    def deliver(self, notice: Notice) -> None:
        """Post the message with everything that is known about each of its alerts."""
        body = json.dumps(
            {
                "type": "edgekeeper.alerts",
                "key": notice.key,
                "severity": notice.severity,
                "title": notice.title,
                "text": notice.text,
                "alerts": [
                    {**json.loads(alert.to_json()), "repeats": more}
                    for alert, more in notice.alerts
                ],
            },
            separators=(",", ":"),
        ).encode()
        now = int(self.now_seconds())
        answer = ask(
            "POST",
            self.url,
            "the webhook",
            content=body,
            headers={
                "Content-Type": "application/json",
                "webhook-id": notice.key,
                "webhook-timestamp": str(now),
                "webhook-signature": signature(self.secret.reveal(), notice.key, now, body),
            },
            silence_seconds=self.silence_seconds,
        )
        check_status(answer, "the webhook", hopeless=(400, 413, 422))
