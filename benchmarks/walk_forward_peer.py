"""What ``walk_forward.py`` runs in the peer's own interpreter: FreqAI's back-test, as it comes.

    python benchmarks/walk_forward_peer.py TABLE.npz SETTINGS.json

The strategy hands over features that are calculated already, one candle frame, one pair, no
outlier steps; what is timed is FreqAI's ``start``: windows, scaling, fits, forecasts, files.
"""

import json
import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pandas as pd
from freqtrade.enums import RunMode
from freqtrade.freqai.prediction_models.LightGBMClassifier import LightGBMClassifier
from freqtrade.strategy import IStrategy

PAIR, FRAME = "BTC/USDT", "5m"
START = pd.Timestamp("2020-01-01", tz="UTC")


class Given(IStrategy):
    """Features and target from the table."""

    timeframe = FRAME
    minimal_roi: ClassVar = {"0": 1.0}
    stoploss = -0.5
    table = pd.DataFrame()
    target = np.empty(0)

    def feature_engineering_expand_all(self, dataframe, period, metadata, **_):
        return dataframe

    def feature_engineering_expand_basic(self, dataframe, metadata, **_):
        return dataframe

    def feature_engineering_standard(self, dataframe, metadata, **_):
        return pd.concat([dataframe, self.table.iloc[: len(dataframe)]], axis=1)

    def set_freqai_targets(self, dataframe, metadata, **_):
        return dataframe.assign(**{"&-up": self.target[: len(dataframe)]})

    def populate_indicators(self, dataframe, metadata):
        return self.freqai.start(dataframe, metadata, self)

    def populate_entry_trend(self, dataframe, metadata):
        return dataframe


def configuration(settings: dict, folder: Path, candles: int) -> dict:
    """Return FreqAI's settings: a window, a step, LightGBM's own numbers."""
    begin = START + pd.Timedelta(days=settings["window_days"])
    end = START + pd.Timedelta(minutes=5 * candles)
    file = folder / "config.json"
    file.write_text("{}")
    return {
        "config_files": [str(file)],
        "user_data_dir": folder,
        "timeframe": FRAME,
        "timerange": f"{int(begin.timestamp())}-{int(end.timestamp())}",
        "runmode": RunMode.BACKTEST,
        "stake_currency": "USDT",
        "stake_amount": 100,
        "max_open_trades": 1,
        "dry_run": True,
        "exchange": {"name": "binance", "pair_whitelist": [PAIR]},
        "pairs": [PAIR],
        "freqaimodel": "LightGBMClassifier",
        "freqai": {
            "enabled": True,
            "identifier": "peer",
            "train_period_days": settings["window_days"],
            "backtest_period_days": settings["step_days"],
            "save_backtest_models": False,
            "activate_tensorboard": False,
            "feature_parameters": {
                "include_timeframes": [FRAME],
                "include_corr_pairlist": [],
                "include_shifted_candles": 0,
                "indicator_periods_candles": [],
                "weight_factor": 0,
                "shuffle_after_split": False,
                "buffer_train_data_candles": 0,
            },
            "data_split_parameters": {"test_size": 0, "shuffle": False},
            "model_training_parameters": settings["lightgbm"],
        },
    }


def main() -> None:
    """Time one back-test."""
    logging.disable(logging.WARNING)
    table, settings = np.load(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    features, target = table["features"], table["target"]
    columns = [f"%-f{i}" for i in range(features.shape[1])]
    Given.table = pd.DataFrame(features, columns=columns)
    Given.target = np.where(target > 0.5, "up", "down")
    price = np.full(len(target), 100.0)
    candles = pd.DataFrame(dict.fromkeys(("open", "high", "low", "close", "volume"), price))
    dates = pd.date_range(START, periods=len(target), freq="5min")
    candles.insert(0, "date", dates)
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        config = configuration(settings, Path(place), len(target))
        strategy = Given(config)
        strategy.dp = SimpleNamespace(runmode=RunMode.BACKTEST)
        model = LightGBMClassifier(config=config)
        wall, cpu = time.perf_counter(), time.process_time()
        said = model.start(candles, {"pair": PAIR}, strategy)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    known = said["do_predict"] == 1
    sure = said.loc[known, "up"].to_numpy()
    truth = target[known.to_numpy()]
    print(
        json.dumps(
            {
                "wall_s": wall,
                "cpu_s": cpu,
                "forecasts": int(known.sum()),
                "hits": float(((sure > 0.5) == (truth > 0.5)).mean()),
            }
        )
    )


if __name__ == "__main__":
    main()
