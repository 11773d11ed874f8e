"""Training: from bars and a recipe to a candidate, never to a champion."""

from edgekeeper.train.candidate import Candidate, train_candidate
from edgekeeper.train.data import TrainingData, barrier_of, feature_set_of, seed_of
from edgekeeper.train.fit import fit_model, make_learner
from edgekeeper.train.signal_context import join_signals, wants_signals

__all__ = [
    "Candidate",
    "TrainingData",
    "barrier_of",
    "feature_set_of",
    "fit_model",
    "join_signals",
    "make_learner",
    "seed_of",
    "train_candidate",
    "wants_signals",
]
