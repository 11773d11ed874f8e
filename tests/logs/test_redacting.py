"""Whatever looks like a secret, or is known to be one, is not written."""

import io
import json
import logging

import pytest

from edgekeeper.config import LogsConfig
from edgekeeper.logs import HIDDEN, Redactor, set_up_logs

SECRETS = {
    "postgresql://me:pa%40ss@host/db": "pa%40ss",
    "Authorization: Bearer eyJhbGciOi.J9-x_y": "eyJhbGciOi",
    '{"token": "abcdef123456"}': "abcdef123456",
    "password=correcthorse": "correcthorse",
    "api_key: 0123456789": "0123456789",
    "SLACK_WEBHOOK https://hooks.slack.com/services/T000/B000/XXXX": "T000",
    "https://api.telegram.org/bot1234567890:AAHk-abcdefghijklmnopqrstuvwxyz12345/send": "AAHk",
    "GET /login?code=one-time-code": "one-time-code",
    "cookie edgekeeper_session=abc.def": "abc.def",
    "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----": "MIIB",
}


@pytest.mark.parametrize("text", SECRETS, ids=range(len(SECRETS)))
def test_secrets_of_known_shape(text):
    hidden = Redactor({})(text)
    assert SECRETS[text] not in hidden
    assert HIDDEN in hidden


@pytest.mark.parametrize(
    "text",
    [
        "took 12 tokens a second",
        "https://example.com/path:80/x@y",
        "expected a token of role read, got none",
        "2026-11-20T19:40:16Z INFO web: api: POST /v1/signals 200",
        "key of the record: entry 5",
    ],
)
def test_what_is_none_stays(text):
    assert Redactor({})(text) == text


def test_values_of_the_environment_whose_name_says_so():
    hide = Redactor({"MAIL_PASSWORD": "a b c d e f", "HOME": "/home/me", "X_TOKEN": "short"})
    assert (
        hide("login with a b c d e f in /home/me short") == f"login with {HIDDEN} in /home/me short"
    )


def test_the_name_of_a_field_says_that_it_is_secret():
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        set_up_logs("web", LogsConfig(format="json"), stream=stream, environment={})
        logging.getLogger("x").warning(
            "m", extra={"bot_token": "abcdefgh", "n": {"password": "pppppp"}}
        )
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        logging.captureWarnings(False)
    line = json.loads(stream.getvalue())
    assert (line["bot_token"], line["n"]["password"]) == (HIDDEN, HIDDEN)
