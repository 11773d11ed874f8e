import stat

import pytest


def test_a_token_is_shown_once_and_opens_what_it_should(edgekeeper, tmp_path):
    done = edgekeeper("token", "create", "--role", "trade", "--name", "bot", "--data", "run")
    token = done.out.strip()
    assert done.code == 0
    assert token.startswith("ek_")
    assert "not shown again" in done.err
    assert "may also send signals" in done.err
    file = tmp_path / "run" / "tokens.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token not in file.read_text()
    listed = edgekeeper("token", "list", "--data", "run")
    assert token not in listed.out
    assert "bot" in listed.out

    from edgekeeper.api import Access

    assert Access(tmp_path / "run").role_of(token).role == "trade"


def test_tokens_for_programs(edgekeeper):
    made = edgekeeper("token", "create", "--role", "read", "--days", "3", "--json").json
    assert made["name"] == "read-1"
    assert made["expires"] > made["created"]
    again = edgekeeper("token", "create", "--role", "read", "--json").json
    assert (again["name"], again["expires"]) == ("read-2", None)
    gone = edgekeeper("token", "revoke", made["id"], "--json").json
    assert gone["state"] == "revoked"
    tokens = edgekeeper("token", "list", "--json").json["tokens"]
    assert [one["state"] for one in tokens] == ["revoked", "valid"]
    assert all("sha256" not in one and "token" not in one for one in tokens)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("revoke", "bto"), "did you mean 'bot'?"),
        (("create", "--role", "read", "--name", "bot"), "already"),
        (("create", "--role", "read", "--name", "a b"), "letters"),
        (("create", "--role", "root"), "admin"),
        (("create", "--role", "read", "--days", "-1"), "--days"),
    ],
)
def test_what_cannot_be_done_says_why(edgekeeper, words, meant):
    edgekeeper("token", "create", "--role", "read", "--name", "bot")
    done = edgekeeper("token", *words)
    assert done.code == 2
    assert meant in done.err


def test_before_the_first(edgekeeper):
    assert "token create" in edgekeeper("token", "list").out
    assert edgekeeper("token", "list", "--json").json == {"tokens": []}
