import pytest

from edgekeeper.errors import UsageError
from edgekeeper.market.live import LIVE_SOURCES, open_live_source


@pytest.mark.parametrize("text", ["", "krakn", "ccx:kraken", ":", "yahoo:AAPL"])
def test_unknown_names_the_three_with_an_example_each(text):
    with pytest.raises(UsageError) as caught:
        open_live_source(text)
    for example in ("folder:bars", "ccxt:kraken", "alpaca"):
        assert example in str(caught.value)
    assert caught.value.exit_code == 2


def test_the_nearest_is_named():
    with pytest.raises(UsageError, match="did you mean 'ccxt'"):
        open_live_source("cctx:kraken")


@pytest.mark.parametrize("text", ["folder", "folder:", "ccxt", "ccxt:"])
def test_a_place_is_missing(text):
    with pytest.raises(UsageError, match="after the colon"):
        open_live_source(text)


def test_examples_open():
    assert [kind.example.partition(":")[0] for kind in LIVE_SOURCES.values()] == list(LIVE_SOURCES)
    assert open_live_source("folder:bars").name == "folder bars"
    assert open_live_source("alpaca").convention.venue == "XNYS"
    assert open_live_source("alpaca:crypto").convention.venue == "24/7"


def test_alpaca_never_shows_that_there_are_keys(monkeypatch):
    monkeypatch.setenv("APCA_API_KEY_ID", "PKHIDDEN")
    monkeypatch.setenv("APCA_API_SECRET_KEY", "SHHHH")
    source = open_live_source("alpaca")
    assert "PKHIDDEN" not in repr(source) + repr(vars(source))


def test_libraries_that_are_not_installed_are_named(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "ccxt", None)
    with pytest.raises(UsageError, match=r"pip install 'edgekeeper\[ccxt\]'"):
        open_live_source("ccxt:kraken")
    monkeypatch.setitem(sys.modules, "httpx", None)
    with pytest.raises(UsageError, match="needs httpx, which is not installed"):
        open_live_source("alpaca:crypto").history(["BTC/USD"], 3_600 * 10**9, 0, 10**9)


def test_nothing_heavy_is_loaded_before_it_is_needed():
    import subprocess
    import sys

    code = (
        "import sys; from edgekeeper.market.live import open_live_source as o; o('folder:x'); "
        "o('alpaca'); heavy = {'ccxt', 'httpx', 'requests', 'pandas'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    got = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert got.stdout.strip() == "[]"
