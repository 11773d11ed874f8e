"""A secret of a service: made once, for its owner alone, and never half."""

import stat

import pytest

from edgekeeper.api import kept_secret
from edgekeeper.errors import StorageError


def test_a_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    path = tmp_path / "run" / "web.secret"
    first = kept_secret(path)
    assert len(first) >= 32
    assert kept_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_secret(tmp_path / "other.secret") != first


@pytest.mark.parametrize("left", [b"", b"short"])
def test_what_a_crash_left_is_no_secret(tmp_path, left):
    path = tmp_path / "web.secret"
    path.write_bytes(left)
    made = kept_secret(path)
    assert len(made) >= 32
    assert kept_secret(path) == made


def test_what_cannot_be_read_is_said(tmp_path):
    (tmp_path / "web.secret").write_bytes(b"\xff" * 40)
    with pytest.raises(StorageError, match="could not read"):
        kept_secret(tmp_path / "web.secret")
