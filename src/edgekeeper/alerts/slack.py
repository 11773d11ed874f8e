"""Slack: an incoming webhook, whose address is the secret."""

import json
from dataclasses import dataclass

from edgekeeper.alerts.alert import Severity
from edgekeeper.alerts.notice import Notice
from edgekeeper.alerts.posting import ask, check_status, prepare_http
from edgekeeper.alerts.secret import Secret

__all__ = ["Slack"]


@dataclass(slots=True)
class Slack:
    """One channel of a workspace.

    Parameters
    ----------
    url : Secret
    silence_seconds : float
    """

    url: Secret
    silence_seconds: float = 10.0
    severity: Severity = "warning"
    name: str = "slack"
    longest: int = 3_000

    def prepare(self) -> None:
        """Load what HTTP needs."""
        prepare_http()

    def deliver(self, notice: Notice) -> None:
        """Post the text. Nothing in it can be markup, a link or a mention."""
        text = notice.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        answer = ask(
            "POST",
            self.url.reveal(),
            "Slack",
            content=json.dumps({"text": text, "mrkdwn": False}).encode(),
            headers={"Content-Type": "application/json"},
            silence_seconds=self.silence_seconds,
        )
        check_status(answer, "Slack", hopeless=(400, 413))
