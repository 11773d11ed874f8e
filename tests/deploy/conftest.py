"""Programs of other makers that tests run, each skipped where it is not installed."""

import shutil
import socket

import pytest


def needs(program, *places):
    """Path of a program, or the reason to skip."""
    found = shutil.which(program) or next((p for p in places if shutil.which(p)), None)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


@pytest.fixture
def program():
    return needs


@pytest.fixture
def free_port():
    """A port that nobody uses just now."""

    def find():
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            return sock.getsockname()[1]

    return find
