"""Training: from bars and a recipe to a candidate, never to a champion."""

from edgekeeper.train.candidate import Candidate, train_candidate
from edgekeeper.train.clairvoyance import clairvoyant_columns
from edgekeeper.train.data import TrainingData, barrier_of, labels_hash, seed_of
from edgekeeper.train.fit import fit_model, make_learner
from edgekeeper.train.line_features import feature_set_of
from edgekeeper.train.search import Search, Trial, search_parameters
from edgekeeper.train.signal_context import join_signals, wants_signals

__all__ = [
    "Candidate",
    "Search",
    "TrainingData",
    "Trial",
    "barrier_of",
    "clairvoyant_columns",
    "feature_set_of",
    "fit_model",
    "join_signals",
    "labels_hash",
    "make_learner",
    "search_parameters",
    "seed_of",
    "train_candidate",
    "wants_signals",
]
