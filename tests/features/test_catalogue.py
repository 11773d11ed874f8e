import numpy as np
import pytest

from edgekeeper.errors import UsageError
from edgekeeper.features import CATALOGUES, OPS, FeatureSet, catalogue, indicators
from edgekeeper.features.graph import Graph
from edgekeeper.features.reader import read

SIZES = {
    "technical": 39,
    "volatility": 14,
    "volume": 15,
    "returns": 31,
    "oscillators": 15,
    "calendar": 12,
    "session": 9,
    "venue": 8,
    "multi_timeframe": 42,
    "cross_asset": 19,
    "regime": 17,
    "microstructure": 11,
    "options": 12,
    "fundamental": 13,
    "sentiment": 12,
    "macro": 15,
    "signal_context": 11,
    "alpha158": 158,
}


def test_every_catalogue_is_as_large_as_it_says():
    assert {name: len(catalogue(name)) for name in CATALOGUES} == SIZES
    assert len(FeatureSet.from_catalogue(*CATALOGUES)) == sum(SIZES.values()) == 453


def test_every_entry_says_what_it_means_and_where_it_is_from():
    for name in CATALOGUES:
        for entry in catalogue(name):
            assert entry.meaning.endswith(".")
            assert entry.source


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_feature_has_values_and_is_free_of_the_price_level(name, bars_of, all_context):
    """Multiplying all prices and volumes by a power of two must change nothing."""
    from dataclasses import replace

    bars = bars_of(3, 1_000, minutes=360, context=all_context)
    features = FeatureSet.from_catalogue(name)
    table = features.matrix(bars)
    short = np.array(features.lookbacks_at(bars.interval_ns)) < 900
    assert short.sum() >= min(len(short), 35)
    assert not np.isnan(table[-100:])[:, short].any()
    prices = {c: getattr(bars, c) * 1024 for c in ("open", "high", "low", "close")}
    large = replace(
        bars,
        **prices,
        volume=bars.volume * 4,
        context={
            c: x
            * (4 if c in _LIKE_VOLUME else 64 if c.endswith(".close") and c not in _RATES else 1)
            for c, x in bars.context.items()
        },
    )
    np.testing.assert_allclose(features.matrix(large), table, rtol=1e-5, atol=1e-6)
    varied = np.nanstd(table, axis=0) > 0
    assert varied.all() or name == "calendar"


_RATES = ("US10Y.close", "US2Y.close", "CREDIT.close")
_LIKE_VOLUME = ("dark.volume", "options.volume", "trades.signed_volume", "trades.count")


def test_names_do_not_clash():
    names = [entry.name for name in CATALOGUES for entry in catalogue(name)]
    assert len(set(names)) == len(names)


def test_unknown_catalogues_are_refused():
    with pytest.raises(UsageError, match="did you mean 'technical'"):
        FeatureSet.from_catalogue("tehnical")
    with pytest.raises(UsageError, match="got none"):
        FeatureSet.from_catalogue()


@pytest.mark.parametrize("name", list(indicators()))
def test_every_indicator_reads_with_its_defaults(name):
    indicator = indicators()[name]
    examples = {"x": "close", "n": "20", "condition": "close > open"}
    given = [f"{key}={examples[key]}" for key, default in indicator.parameters if default is None]
    graph = Graph()
    result = read(f"{name}({', '.join(given)})", graph)
    assert graph.nodes[result].lookback < 600
    assert indicator.meaning.endswith(".")
    assert indicator.source


def test_indicators_and_ops_have_names_of_their_own():
    assert not set(indicators()) & set(OPS)
    assert len(indicators()) >= 65
    assert indicators()["rsi"].signature == "rsi(x=close, n=14)"
