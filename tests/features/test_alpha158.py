"""Alpha158 against values computed one window at a time with NumPy, from the published formulas."""

import numpy as np
import pytest

from edgekeeper.features import FeatureSet, catalogue
from edgekeeper.market import load_bars

WINDOWS = (5, 10, 20, 30, 60)
SMALL = 1e-12


def candle(o, h, lo, c):
    top, bottom, span = max(o, c), min(o, c), h - lo + SMALL
    return {
        "KMID": (c - o) / o, "KLEN": (h - lo) / o, "KMID2": (c - o) / span,
        "KUP": (h - top) / o, "KUP2": (h - top) / span, "KLOW": (bottom - lo) / o,
        "KLOW2": (bottom - lo) / span, "KSFT": (2 * c - h - lo) / o,
        "KSFT2": (2 * c - h - lo) / span,
        "OPEN0": o / c, "HIGH0": h / c, "LOW0": lo / c, "VWAP0": (h + lo + c) / 3 / c,
    }  # fmt: skip


def window(d, h, lo, c, v):
    """All rolling features of one window; arrays reach one bar further back than ``d``."""
    w, w_high, w_low, w_volume = c[-d:], h[-d:], lo[-d:], v[-d:]
    t = np.arange(1, d + 1)
    slope, start = np.polyfit(t, w, 1)
    line = start + slope * t
    moves, flows = np.diff(c)[-d:], np.diff(v)[-d:]
    change = np.abs(c[1:] / c[:-1] - 1)[-d:] * w_volume
    first_high, first_low = np.argmax(w_high) + 1, np.argmin(w_low) + 1
    up, down = np.maximum(moves, 0).sum(), np.maximum(-moves, 0).sum()
    more, less = np.maximum(flows, 0).sum(), np.maximum(-flows, 0).sum()
    paths, flow = np.abs(moves).sum() + SMALL, np.abs(flows).sum() + SMALL
    below, same = (w < w[-1]).sum(), (w == w[-1]).sum()
    return {
        "ROC": c[-d - 1] / c[-1], "MA": w.mean() / c[-1], "STD": w.std(ddof=1) / c[-1],
        "BETA": slope / c[-1], "RSQR": np.corrcoef(t, w)[0, 1] ** 2, "RESI": (w - line)[-1] / c[-1],
        "MAX": w_high.max() / c[-1], "MIN": w_low.min() / c[-1],
        "QTLU": np.quantile(w, 0.8) / c[-1], "QTLD": np.quantile(w, 0.2) / c[-1],
        "RANK": (below + (same + 1) / 2) / d,
        "RSV": (c[-1] - w_low.min()) / (w_high.max() - w_low.min() + SMALL),
        "IMAX": first_high / d, "IMIN": first_low / d, "IMXD": (first_high - first_low) / d,
        "CORR": np.corrcoef(w, np.log(w_volume + 1))[0, 1],
        "CORD": np.corrcoef((c[1:] / c[:-1])[-d:], np.log(v[1:] / v[:-1] + 1)[-d:])[0, 1],
        "CNTP": (moves > 0).mean(), "CNTN": (moves < 0).mean(),
        "CNTD": (moves > 0).mean() - (moves < 0).mean(),
        "SUMP": up / paths, "SUMN": down / paths, "SUMD": (up - down) / paths,
        "VMA": w_volume.mean() / (v[-1] + SMALL), "VSTD": w_volume.std(ddof=1) / (v[-1] + SMALL),
        "WVMA": change.std(ddof=1) / (change.mean() + SMALL),
        "VSUMP": more / flow, "VSUMN": less / flow, "VSUMD": (more - less) / flow,
    }  # fmt: skip


def expected(columns, row):
    o, h, lo, c, v = columns
    values = candle(o[row], h[row], lo[row], c[row])
    for d in WINDOWS:
        part = slice(row - d, row + 1)
        found = window(d, h[part], lo[part], c[part], v[part])
        values |= {f"{name}{d}": value for name, value in found.items()}
    return values


@pytest.fixture(scope="module", params=["real", "generated", "coarse"])
def bars(request, bars_of):
    if request.param == "real":
        return load_bars("bundled", ["IBM", "MSFT"]).bars
    bars = bars_of(2, 400, seed=4)
    if request.param == "generated":
        return bars
    from dataclasses import replace

    # Coarse ticks: many equal prices and volumes, so ties and their order show.
    prices = {n: np.ceil(getattr(bars, n) * 2) / 2 for n in ("open", "high", "low", "close")}
    return replace(bars, **prices, volume=np.ceil(bars.volume / 4e5) * 1e5)


def test_equals_the_published_formulas(bars):
    compare(bars, places=40)


def test_equals_the_published_formulas_on_real_stocks(real_bars):
    bars = real_bars("us_equity_daily_sp500_2013_2018/sp500_subset_daily.parquet")
    assert len(bars.symbols) == 137
    compare(bars, places=3)


def compare(bars, places):
    """Every feature, at some rows of every symbol."""
    features = FeatureSet.from_catalogue("alpha158")
    table = features.matrix(bars, np.float64)
    for symbol in range(len(bars.symbols)):
        rows = np.flatnonzero(bars.symbol == symbol)
        columns = [bars.adjusted(n)[rows] for n in ("open", "high", "low", "close", "volume")]
        for place in range(61 + symbol % 97, len(rows), max(1, len(rows) // places)):
            want = expected(columns, place)
            assert set(want) == set(features.names)
            got = dict(zip(features.names, table[rows[place]], strict=True))
            for name, value in want.items():
                assert got[name] == pytest.approx(value, rel=1e-8, abs=1e-10), name


def test_there_are_158():
    assert len(catalogue("alpha158")) == 158
