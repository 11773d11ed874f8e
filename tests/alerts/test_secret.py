import logging
import os

import pytest

from edgekeeper.alerts import Secret, blotted
from edgekeeper.errors import UsageError


def test_a_variable_or_a_file_that_its_owner_alone_may_read(tmp_path, monkeypatch):
    monkeypatch.setenv("A_TOKEN", "from-the-environment\n")
    assert Secret("it", "A_TOKEN").reveal() == "from-the-environment"
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    file.chmod(0o600)
    secret = Secret("it", "A_TOKEN", str(file))
    assert secret.reveal() == "from-a-file"
    file.write_text("changed-under-way")
    assert secret.reveal() == "changed-under-way"
    assert "changed" not in repr(secret)


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_a_file_that_others_may_read_is_no_secret(tmp_path):
    file = tmp_path / "token"
    file.write_text("open-to-all")
    for mode in (0o640, 0o604, 0o644):
        file.chmod(mode)
        with pytest.raises(UsageError, match="chmod 600") as refused:
            Secret("it", file=str(file)).reveal()
        assert "open-to-all" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"  \n", b"two\nlines", b"\xff\xfe\x00"])
def test_what_cannot_be_one_is_refused_without_being_shown(tmp_path, content):
    file = tmp_path / "token"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(UsageError, match="the token: expected") as refused:
        Secret("the token", file=str(file)).reveal()
    assert "two" not in str(refused.value)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(UsageError, match="variable NOT_SET"):
        Secret("it", "NOT_SET").reveal()
    with pytest.raises(UsageError, match="No such file"):
        Secret("it", file=str(tmp_path / "none")).reveal()


def test_what_was_revealed_is_blotted_out_of_texts_and_of_logs(monkeypatch, caplog):
    monkeypatch.setenv("A_TOKEN", "12345:very-secret")
    Secret("it", "A_TOKEN").reveal()
    assert blotted("bot12345:very-secret/sendMessage") == "bot***/sendMessage"
    with caplog.at_level(logging.INFO, logger="httpx"):
        logging.getLogger("httpx").info("HTTP Request: %s", "https://x/bot12345:very-secret/y")
    assert caplog.messages == ["HTTP Request: https://x/bot***/y"]
