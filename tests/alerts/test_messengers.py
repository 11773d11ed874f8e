"""Each channel against a server that speaks its vendor's protocol, and one that misbehaves."""

import json
import logging
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest

from edgekeeper.alerts import Alert, Secret, Sender, Undelivered, write_notice
from edgekeeper.alerts.mail import Mail
from edgekeeper.alerts.slack import Slack
from edgekeeper.alerts.telegram import Telegram
from edgekeeper.alerts.webhook import Webhook
from edgekeeper.config import EmailConfig
from edgekeeper.errors import UsageError
from edgekeeper.testing.message_servers import MailServer, SlackServer, WebhookServer
from edgekeeper.testing.messengers import check_messenger
from edgekeeper.testing.telegram_server import TelegramServer

SILENCE = 0.6


def told(alert):
    return write_notice("key-1", [(alert, 0)], Sender("paper"), 3_000)


def failure(messenger, notice):
    with pytest.raises(Undelivered) as raised:
        messenger.deliver(notice)
    return raised.value


# -- what goes wrong is the same over HTTP, whoever is spoken to -----------------------------------


@pytest.fixture(params=["telegram", "slack", "webhook"])
def over_http(request, telegram, slack, webhook, keep):
    if request.param == "telegram":
        return telegram, Telegram(keep(telegram.token), 7, telegram.url, SILENCE)
    if request.param == "slack":
        return slack, Slack(keep(slack.hook), SILENCE)
    return webhook, Webhook(f"{webhook.url}/in", keep(webhook.secret), SILENCE)


def test_what_every_channel_promises(over_http):
    server, messenger = over_http
    taken = {TelegramServer: "sent", SlackServer: "texts", WebhookServer: "keys"}[type(server)]
    shown = check_messenger(
        messenger,
        server,
        lambda: len(getattr(server, taken)),
        secrets=("12345:local", "local-secret", "secret of this test"),
        silence_seconds=SILENCE,
    )
    assert shown == 12


def test_no_log_shows_a_secret_however_much_is_logged(over_http, notice, caplog):
    server, messenger = over_http
    with caplog.at_level(logging.DEBUG):
        messenger.deliver(notice)
        server.faults = [500, "drop"]
        failure(messenger, notice)
        failure(messenger, notice)
    assert "HTTP Request: POST" in caplog.text
    for secret in ("12345:local", "local-secret", "secret of this test"):
        assert secret not in caplog.text


def test_nobody_there(over_http, notice):
    server, messenger = over_http
    server.server_close()
    assert failure(messenger, notice).kind == "passing"


def test_a_secret_that_is_missing_is_named(notice):
    missing = Secret("the token", "NOT_SET")
    for messenger in (
        Telegram(missing, 7), Slack(missing), Webhook("https://example.org", missing)
    ):  # fmt: skip
        with pytest.raises(UsageError, match="NOT_SET"):
            messenger.deliver(notice)


# -- Telegram --------------------------------------------------------------------------------------


def test_telegram_gets_plain_text(telegram, keep, notice):
    Telegram(keep(telegram.token), 7, telegram.url).deliver(notice)
    (sent,) = telegram.sent
    assert sent["text"] == notice.text
    assert "<b>" in sent["text"], "no parse mode: nothing is markup"
    assert "parse_mode" not in sent
    assert sent["disable_notification"] is False


def no(status, description, **parameters):
    said = {"ok": False, "error_code": status, "description": description}
    return status, {}, {**said, **({"parameters": parameters} if parameters else {})}


@pytest.mark.parametrize(
    ("said", "kind", "wait"),
    [
        (no(429, "Too Many Requests: retry after 5", retry_after=5), "passing", 5.0),
        (no(429, "Too Many Requests", retry_after=10**9), "passing", 3_600.0),
        (no(429, "Too Many Requests", retry_after="soon"), "passing", None),
        (no(401, "Unauthorized"), "refused", None),
        (no(403, "Forbidden: bot was blocked by the user"), "refused", None),
        (no(400, "Bad Request: chat not found"), "refused", None),
        (no(400, "Bad Request: message is too long"), "hopeless", None),
        ("garbage", "passing", None), ("html", "passing", None),
        ((200, {}, []), "passing", None), ((200, {}, {"ok": False}), "refused", None),
    ],
    ids=str,
)  # fmt: skip
def test_what_telegram_says(telegram, keep, notice, said, kind, wait):
    telegram.faults = [said]
    error = failure(Telegram(keep(telegram.token), 7, telegram.url), notice)
    assert (error.kind, error.wait_seconds) == (kind, wait)


def test_a_wrong_token_or_chat_says_so(telegram, keep, notice):
    assert "Unauthorized" in str(failure(Telegram(keep("1:x-y-z"), 7, telegram.url), notice))
    lost = failure(Telegram(keep(telegram.token), 8, telegram.url), notice)
    assert "chat not found" in str(lost)


def test_a_group_that_moved_is_followed(telegram, keep, notice):
    telegram.chats = {-100}
    telegram.faults = [no(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-100)]
    messenger = Telegram(keep(telegram.token), -1, telegram.url)
    messenger.deliver(notice)
    messenger.deliver(notice)
    assert [one["chat_id"] for one in telegram.sent] == [-100, -100]


# -- Slack -----------------------------------------------------------------------------------------


def test_slack_cannot_be_made_to_mention_or_link(slack, keep):
    alert = Alert(5, "warning", "x", "<!channel> & <https://evil.example|here>")
    Slack(keep(slack.hook)).deliver(told(alert))
    assert "&lt;!channel&gt; &amp; &lt;https://evil.example|here&gt;" in slack.texts[0]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ((400, {}, "invalid_payload"), "hopeless"), ((403, {}, "action_prohibited"), "refused"),
        ((404, {}, "no_service"), "refused"), ((410, {}, "channel_is_archived"), "refused"),
    ],
)  # fmt: skip
def test_what_slack_says(slack, keep, notice, said, kind):
    slack.faults = [said]
    error = failure(Slack(keep(slack.hook)), notice)
    assert error.kind == kind
    assert said[2] in str(error)


def test_an_address_that_is_none(keep, notice):
    for nonsense in ("not-an-address", "http://[::1", "hooks.slack.com/services/T0/B0/s3cr3t"):
        error = failure(Slack(keep(nonsense)), notice)
        assert "s3cr3t" not in str(error)


# -- a webhook of one's own ------------------------------------------------------------------------


def test_a_webhook_is_signed_and_comes_once(webhook, keep):
    alert = Alert(5, "warning", "drift", "odd", {"psi": 0.3})
    messenger = Webhook(f"{webhook.url}/in", keep(webhook.secret))
    messenger.deliver(told(alert))
    messenger.deliver(told(alert))
    assert webhook.keys == ["key-1", "key-1"]
    (body,) = webhook.taken
    assert body["alerts"] == [{**json.loads(alert.to_json()), "repeats": 0}]
    assert body["severity"] == "warning"


def test_another_secret_or_an_old_message_is_refused(webhook, keep, notice):
    assert failure(Webhook(webhook.url, keep("another-secret")), notice).kind == "refused"
    late = Webhook(webhook.url, keep(webhook.secret), now_seconds=lambda: 1_700_000_000.0)
    assert "too old" in str(failure(late, notice))
    with pytest.raises(UsageError, match="base64"):
        Webhook(webhook.url, keep("whsec_!!!")).deliver(notice)


def test_a_secret_in_base64(keep, notice):
    with WebhookServer("whsec_c2VjcmV0IG9mIGEgdGVzdA==") as server:
        Webhook(server.url, keep(server.secret)).deliver(notice)
        assert len(server.taken) == 1


# -- e-mail ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself, and a server's context with it."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "local")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return str(file), context


def mail(port, keep, **settings):
    given = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "keeper@example.org",
             "to": ("ann@example.org", "bob@example.org"), **settings}  # fmt: skip
    return Mail(EmailConfig(**given), keep("pass-of-a-test"), SILENCE)


@pytest.mark.parametrize("tls", [False, True])
def test_a_mail_goes_out_encrypted_with_a_password(certificate, keep, notice, tls):
    file, context = certificate
    with MailServer("ann", "pass-of-a-test", context, tls=tls) as server:
        security = "tls" if tls else "starttls"
        mail(server.port, keep, security=security, user="ann", ca_file=file).deliver(notice)
        (content,) = server.mails
        assert server.recipients == [["ann@example.org", "bob@example.org"]]
    read = message_from_bytes(content, policy=policy.default)
    assert read["Subject"] == notice.title
    assert read["Message-ID"] == "<key-1@example.org>"
    assert read["Importance"] == "high"
    assert read.get_content().strip().replace("\r\n", "\n") == notice.text


def test_whom_nobody_vouches_for_gets_no_password(certificate, keep, notice):
    _, context = certificate
    with MailServer("ann", "pass-of-a-test", context) as server:
        error = failure(mail(server.port, keep, security="starttls", user="ann"), notice)
        assert (error.kind, server.mails) == ("refused", [])
        assert "encryption" in str(error)
    with MailServer() as bare:
        error = failure(mail(bare.port, keep, security="starttls"), notice)
        assert (error.kind, bare.mails) == ("refused", []), "it offers no encryption"


def test_a_wrong_password(certificate, keep, notice):
    file, context = certificate
    with MailServer("ann", "another", context) as server:
        messenger = mail(server.port, keep, security="starttls", user="ann", ca_file=file)
        error = failure(messenger, notice)
    assert error.kind == "refused"
    assert "535" in str(error)
    assert "pass-of-a-test" not in str(error)


@pytest.mark.parametrize(
    ("step", "said", "kind"),
    [
        ("MAIL", "451 try again later", "passing"), ("MAIL", "550 not you", "refused"),
        ("RCPT", "452 mailbox full", "passing"), ("RCPT", "550 no such user", "refused"),
        ("DATA", "451 greylisted", "passing"), ("DATA", "554 this is spam", "hopeless"),
    ],
)  # fmt: skip
def test_what_a_mail_server_says(keep, notice, step, said, kind):
    with MailServer() as server:
        server.refuse = {step: said}
        error = failure(mail(server.port, keep), notice)
        assert error.kind == kind
        assert said.partition(" ")[2] in str(error)
        server.refuse = {}
        mail(server.port, keep).deliver(notice)
        assert len(server.mails) == 1


def test_a_mail_server_that_hangs_or_is_not_there(keep, notice):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert "no answer" in str(failure(mail(port, keep), notice))
    assert failure(mail(port, keep), notice).kind == "passing"


def test_no_text_adds_a_header(keep):
    alert = Alert(5, "warning", "x", "said\r\nBcc: eve@example.org\r\n\r\nhello")
    with MailServer() as server:
        mail(server.port, keep).deliver(told(alert))
        read = message_from_bytes(server.mails[0], policy=policy.default)
        assert read["Bcc"] is None
        assert "Bcc: eve" in read["Subject"]
        assert server.recipients == [["ann@example.org", "bob@example.org"]]
