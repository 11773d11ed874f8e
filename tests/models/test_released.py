"""Packages of every earlier release are loaded, and forecast what they forecast then."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy._core._multiarray_umath import __cpu_features__ as processor

from edgekeeper.bars import Bars
from edgekeeper.features import FeatureSet, evaluate
from edgekeeper.registry import Package, check_upgrade

ROOT = Path(__file__).parent / "released"
PACKAGES = sorted(path.parent for path in ROOT.glob("*/*/manifest.json"))


@pytest.fixture(params=PACKAGES, ids=lambda path: "/".join(path.parts[-2:]))
def folder(request):
    return request.param


def test_there_is_one_of_every_release():
    assert {path.parts[-2:] for path in PACKAGES} >= {("0.1.0", "lightgbm"), ("0.1.0", "logistic")}


def test_it_forecasts_what_it_forecast_then(folder):
    with np.load(folder.parent / "recorded.npz", allow_pickle=False) as recorded:
        then = dict(recorded)
    frame = pl.DataFrame({n: then[n] for n in ("symbol", "open", "high", "low", "close", "volume")})
    stamps = pl.from_epoch(pl.Series("timestamp", then["timestamp"]), time_unit="ns")
    bars = Bars.from_frame(frame.with_columns(stamps.dt.replace_time_zone("UTC")))
    package = Package.load(folder)
    matrix = FeatureSet(package.features).matrix(bars)
    digest = sha256(np.ascontiguousarray(matrix).tobytes()).hexdigest()
    assert digest == str(then[f"{folder.name}.features"]), "features have other bits than then"
    forecasts = package.forecast(matrix, evaluate(package.manifest.volatility, bars))
    now = {name: getattr(forecasts, name) for name in forecasts.__dataclass_fields__}
    now["score"] = package.score(matrix)
    # Exponentials and matrix products round by what the processor can do; trees never.
    same = sorted(name for name, has in processor.items() if has) == then["processor"].tolist()
    for name, values in now.items():
        before = then[f"{folder.name}.{name}"]
        after = values[-len(before) :]
        if same or (name == "score" and folder.name == "lightgbm"):
            assert np.array_equal(before, after, equal_nan=True), name
        else:
            np.testing.assert_allclose(after, before, rtol=1e-12, err_msg=name)


def test_this_version_says_that_it_serves_it(folder):
    (served,) = check_upgrade([folder])
    assert served.reasons == ()
    assert served.code_version == folder.parts[-2]
