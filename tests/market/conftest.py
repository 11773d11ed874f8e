from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared():
    """Folder of real development data; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("shared data is not here")
    return SHARED
