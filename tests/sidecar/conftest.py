"""The folder of a run with a side-car."""

import pytest


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "run"
