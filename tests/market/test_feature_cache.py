import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from edgekeeper.errors import StorageError, UsageError
from edgekeeper.features import FeatureSet
from edgekeeper.market import FeatureCache, load_bars

FEATURES = FeatureSet(
    {
        "rsi": "rsi(close, 14)",
        "gap": "open / lag(close) - 1",
        "flow": "cmf(20)",
        "rank": "cs_rank(ret(close, 5))",
        "week": 'tf("1w", ret(close))',
        "day": "weekday",
    }
)


@pytest.fixture(scope="module")
def bars():
    return load_bars("bundled", ["IBM", "MSFT"]).bars


def same(left, right):
    return np.array_equal(left, right, equal_nan=True)


def test_what_is_found_is_what_was_computed(tmp_path, bars):
    cache = FeatureCache(tmp_path / "new" / "cache")
    want = FEATURES.matrix(bars)
    assert same(cache.matrix(FEATURES, bars), want)
    assert (cache.hits, cache.misses) == (0, 6)
    assert same(cache.matrix(FEATURES, bars), want)
    assert same(FeatureCache(tmp_path / "new" / "cache").matrix(FEATURES, bars), want)
    assert (cache.hits, cache.misses) == (6, 6)


def test_adding_a_feature_computes_only_that_one(tmp_path, bars):
    cache = FeatureCache(tmp_path)
    cache.matrix(FEATURES, bars)
    more = FEATURES.with_("slow", "ema(close, 200) / close").without("gap")
    assert same(cache.matrix(more, bars), more.matrix(bars))
    assert (cache.hits, cache.misses) == (5, 7)
    renamed = FeatureSet({"other": "100 * wilder(gain(close), 14) / (wilder(gain(close), 14) "
                          "+ wilder(loss(close), 14))"})  # fmt: skip
    cache.matrix(renamed, bars)
    assert (cache.hits, cache.misses) == (6, 7)


def test_a_change_of_the_data_is_seen_by_those_who_read_it(tmp_path, bars):
    cache = FeatureCache(tmp_path)
    cache.matrix(FEATURES, bars)
    volume = bars.volume.copy()
    volume[7] += 1
    changed = replace(bars, volume=volume)
    assert same(cache.matrix(FEATURES, changed), FEATURES.matrix(changed))
    assert (cache.hits, cache.misses) == (5, 7)
    cache.matrix(FEATURES, bars.rows(0, len(bars) - 1))
    later = replace(bars, event_time=bars.event_time + 1)
    cache.matrix(FEATURES, later)
    assert (cache.hits, cache.misses) == (5, 19)


def test_damage_is_computed_anew(tmp_path, bars):
    cache = FeatureCache(tmp_path)
    want = cache.matrix(FEATURES, bars)
    files = sorted(tmp_path.glob("*/*.f32"))
    assert len(files) == 6
    files[0].write_bytes(files[0].read_bytes()[:-4])
    files[1].write_bytes(b"")
    flipped = bytearray(files[2].read_bytes())
    flipped[100] ^= 1
    files[2].write_bytes(flipped)
    assert same(cache.matrix(FEATURES, bars), want)
    assert (cache.hits, cache.misses) == (3, 9)
    assert same(cache.matrix(FEATURES, bars), want)
    assert (cache.hits, cache.misses) == (9, 9)


def test_the_folder_stays_within_its_limit_and_keeps_what_is_used(tmp_path, bars):
    cache = FeatureCache(tmp_path, limit_bytes=1 << 20)
    used = FeatureSet({"used": "ema(close, 7)"})
    size = 4 * len(bars) + 32
    for first in range(1, 120, 20):
        cache.matrix(used, bars)
        time.sleep(0.01)
        cache.matrix(FeatureSet({f"f{k}": f"close + {k}" for k in range(first, first + 20)}), bars)
        assert sum(f.stat().st_size for f in tmp_path.glob("*/*")) <= 1 << 20
    assert len(list(tmp_path.glob("*/*.f32"))) >= 0.8 * (1 << 20) / size
    before = cache.hits
    cache.matrix(used, bars)
    assert cache.hits == before + 1


def test_abandoned_work_is_removed(tmp_path, bars):
    cache = FeatureCache(tmp_path)
    (tmp_path / "aa").mkdir()
    old, young = tmp_path / "aa" / ".x.f32.1.1.tmp", tmp_path / "aa" / ".y.f32.2.2.tmp"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    cache.matrix(FEATURES, bars)
    assert not old.exists()
    assert young.exists()


_WORKER = """
import sys
from pathlib import Path
import numpy as np
from edgekeeper.features import FeatureSet
from edgekeeper.market import FeatureCache, load_bars
bars = load_bars("bundled", ["IBM"]).bars
cache = FeatureCache(Path(sys.argv[1]), limit_bytes=1 << 20)
for turn in range(25):
    numbers = range(turn * 9, turn * 9 + 30)
    features = FeatureSet({f"f{k}": f"close * {k % 70 + 1}" for k in numbers})
    assert np.array_equal(cache.matrix(features, bars), features.matrix(bars), equal_nan=True)
print("sound", cache.hits > 0)
"""


def test_two_processes_share_a_folder_that_is_always_full(tmp_path):
    command = [sys.executable, "-c", _WORKER, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=60)[0].strip() for process in both] == ["sound True"] * 2
    assert [process.returncode for process in both] == [0, 0]


def test_wrong_use_is_refused(tmp_path, bars):
    with pytest.raises(UsageError, match="at least 1048576"):
        FeatureCache(tmp_path, limit_bytes=5)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="feature cache"):
        FeatureCache(tmp_path / "file" / "folder")
    with pytest.raises(UsageError, match=r"OIL.close.*--context OIL=FILE"):
        FeatureCache(tmp_path).matrix(FeatureSet({"x": "OIL.close"}), bars)
    cache = FeatureCache(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(StorageError, match="free some space"):
        cache.matrix(FEATURES, bars)
