"""Tokens, sessions and codes: who is let in, for how long, and what lies on disk."""

import hmac
import json
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from edgekeeper.api import Access, Grant
from edgekeeper.errors import BadData, StorageError, UsageError

HOUR = 3_600 * 10**9


class Time:
    """Wall time and monotonic time that a test moves."""

    def __init__(self):
        self.now = 1_800_000_000 * 10**9

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def access(tmp_path, time):
    return Access(tmp_path, now_ns=time, monotonic_ns=time)


def test_roles_build_on_one_another():
    allowed = {
        role: [wanted for wanted in ("read", "trade", "admin") if Grant("x", role).may(wanted)]
        for role in ("read", "trade", "admin")
    }
    assert allowed == {
        "read": ["read"],
        "trade": ["read", "trade"],
        "admin": ["read", "trade", "admin"],
    }


def test_a_token_opens_until_it_is_revoked(access):
    token = access.create_token("bot", "trade")
    other = access.create_token("board", "read")
    grant = access.role_of(token)
    assert (grant.name, grant.role) == ("bot", "trade")
    access.revoke("bot")
    assert access.role_of(token) is None
    assert access.role_of(other).role == "read"
    assert access.create_token("bot", "read") != token  # the name is free again


def test_a_token_opens_until_it_expires(access, time):
    end = datetime.fromtimestamp(time.now // 10**9, UTC) + timedelta(days=1)
    token = access.create_token("bot", "trade", end)
    cookie, _ = access.open_session(token)
    time.now += 24 * HOUR - 1
    assert access.role_of(token)
    time.now += 1
    assert access.role_of(token) is None
    assert access.open_session(token) is None
    assert access.session(cookie) is None
    assert access.tokens()[0].state(time.now) == "expired"


@pytest.mark.parametrize(
    "guess",
    ["", "ek_", "ek_x", "bearer", "ek_" + "a" * 100_000, "ek_\udcff", "ek_\x00", "ек_кириллица"],
)
def test_what_is_no_token_opens_nothing(access, guess):
    token = access.create_token("bot", "admin")
    assert access.role_of(guess) is None
    assert access.open_session(guess) is None
    assert access.session(guess) is None
    for near in (token[:-1], token + "a", token.upper(), token[3:], f" {token}"):
        assert access.role_of(near) is None


def test_secrets_are_compared_in_constant_time(access, monkeypatch):
    token = access.create_token("bot", "read")
    access.create_token("other", "read")
    compared = []

    def watched(a, b):
        compared.append((a, b))
        return hmac_compare(a, b)

    hmac_compare = hmac.compare_digest
    monkeypatch.setattr("edgekeeper.api.grants.hmac.compare_digest", watched)
    assert access.role_of(token)
    assert len(compared) == 2, "it stopped at the first that was right"


def test_nothing_on_disk_opens_anything(access, tmp_path):
    token = access.create_token("bot", "admin")
    code = access.login_link("http://localhost").split("code=")[1]
    cookie, _ = access.open_session(token)
    for name in ("tokens.json", "sessions.json"):
        file = tmp_path / name
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        for secret in (token, token[3:], code, cookie):
            assert secret not in file.read_text()
    kept = json.loads((tmp_path / "tokens.json").read_text())["tokens"][0]["sha256"]
    assert access.role_of(kept) is None
    assert access.role_of("ek_" + kept) is None
    assert token not in repr(access) + repr(access.tokens()) + repr(access.role_of(token))


def test_a_login_link_works_once_and_not_for_long(access, time):
    link = access.login_link("http://localhost:8765/", "trade")
    assert link.startswith("http://localhost:8765/login?code=")
    code = link.split("code=")[1]
    cookie, grant = access.open_session(code)
    assert grant.role == "trade"
    assert access.session(cookie) == grant
    assert access.open_session(code) is None
    late = access.login_link("http://localhost").split("code=")[1]
    time.now += HOUR
    assert access.open_session(late) is None
    assert access.session(cookie)
    time.now += 12 * HOUR
    assert access.session(cookie) is None


def test_a_session_ends_with_its_token_and_by_logout(access):
    token = access.create_token("me", "admin")
    first, second = access.open_session(token)[0], access.open_session(token)[0]
    assert access.session(first).name == "me"
    access.close_session(first)
    access.close_session(first)
    access.close_session(None)
    assert access.session(first) is None
    assert access.session(second)
    access.revoke("me")
    assert access.session(second) is None
    assert access.session(None) is None


def test_sessions_and_codes_do_not_pile_up(access, tmp_path, time):
    token = access.create_token("me", "admin")
    for _ in range(30):
        access.login_link("http://localhost")
    assert len(json.loads((tmp_path / "sessions.json").read_text())["codes"]) == 20
    access.open_session(token)
    time.now += 13 * HOUR
    access.open_session(token)
    records = json.loads((tmp_path / "sessions.json").read_text())
    assert (len(records["codes"]), len(records["sessions"])) == (0, 1)


def test_other_processes_see_a_new_and_a_revoked_token_soon(access, tmp_path, time):
    assert access.tokens() == []
    code = (
        "from edgekeeper.api.access import Access; from pathlib import Path; import sys; "
        "a = Access(Path(sys.argv[1])); print(a.create_token('bot', 'read'))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    token = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert access.role_of(token) is None, "the file is looked at only now and then"
    time.now += 10**9
    assert access.role_of(token)
    Access(tmp_path).revoke("bot")
    time.now += 10**9
    assert access.role_of(token) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff", b'{"tokens": [1]}', b'{"tokens": [{"name": "x"}]}',
     b'{"tokens": ' + b"[" * 100_000],
)  # fmt: skip
def test_a_damaged_file_lets_nobody_in(access, tmp_path, time, content):
    token = access.create_token("bot", "admin")
    (tmp_path / "tokens.json").write_bytes(content)
    time.now += 10**9
    for _ in range(2):
        with pytest.raises(BadData, match="nobody is let in"):
            access.role_of(token)
    with pytest.raises(BadData, match="nobody is let in"):
        access.create_token("new", "admin")


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="folder"):
        Access(tmp_path / "file" / "run").create_token("bot", "read")


def test_an_end_is_kept_to_the_microsecond(access):
    end = datetime(2100, 1, 1, 0, 0, 0, 900_001, tzinfo=UTC)
    access.create_token("bot", "read", end)
    assert access.tokens()[0].expires_ns == 4_102_444_800_900_001_000


def test_an_end_needs_a_zone_and_a_future(access):
    with pytest.raises(UsageError, match="zone"):
        access.create_token("bot", "read", datetime(2100, 1, 1))
    with pytest.raises(UsageError, match="future"):
        access.create_token("bot", "read", datetime(2001, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("name", ["", "a" * 41, "a b", "../x", "<b>", "a\nb", "-x", "ä"])
def test_a_name_is_plain(access, name):
    with pytest.raises(UsageError, match="expected a name"):
        access.create_token(name, "read")


def test_importing_access_loads_no_web_framework():
    code = "import edgekeeper.api, sys; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
