"""Training: from bars and a recipe to a candidate, never to a champion."""

from edgekeeper.train.candidate import Candidate, KnownRows, known_rows, train_candidate
from edgekeeper.train.clairvoyance import clairvoyant_columns
from edgekeeper.train.data import TrainingData, barrier_of, labels_hash, seed_of
from edgekeeper.train.fit import fit_model, make_learner, ready_to_fit
from edgekeeper.train.line_features import feature_set_of
from edgekeeper.train.search import Search, search_parameters, tuned_space
from edgekeeper.train.signal_context import join_signals, wants_signals
from edgekeeper.train.trial import FoldScore, History, Progress, Trial, Tried
from edgekeeper.train.tune import distributions_of, freeze, importance_of

__all__ = [
    "Candidate",
    "FoldScore",
    "History",
    "KnownRows",
    "Progress",
    "Search",
    "TrainingData",
    "Trial",
    "Tried",
    "barrier_of",
    "clairvoyant_columns",
    "distributions_of",
    "feature_set_of",
    "fit_model",
    "freeze",
    "importance_of",
    "join_signals",
    "known_rows",
    "labels_hash",
    "make_learner",
    "ready_to_fit",
    "search_parameters",
    "seed_of",
    "train_candidate",
    "tuned_space",
    "wants_signals",
]
