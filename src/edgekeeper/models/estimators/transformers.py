"""Transformers of scikit-learn that can be packaged: imputing, scaling, selecting, rotating."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from edgekeeper.errors import Refused
from edgekeeper.models.estimators.part import Draw
from edgekeeper.models.learners.draft import Draft

__all__ = ["TRANSFORMERS"]


def _draw_imputer(draft: Draft, imputer: Any, x: str) -> str:
    if imputer.add_indicator or not np.isnan(imputer.missing_values):
        raise Refused("SimpleImputer: expected missing_values=nan and no indicator columns")
    filling = imputer.statistics_.astype(np.float64)
    kept = np.flatnonzero(~np.isnan(filling))  # scikit-learn drops columns it has no value for
    if len(kept) < len(filling):
        x, filling = draft.add("Gather", x, kept, axis=1), filling[kept]
    return draft.add("Where", draft.add("IsNaN", x), filling, x)


def _draw_standard_scaler(draft: Draft, scaler: Any, x: str) -> str:
    if scaler.with_mean:
        x = draft.add("Sub", x, scaler.mean_)
    return draft.add("Div", x, scaler.scale_) if scaler.with_std else x


def _draw_robust_scaler(draft: Draft, scaler: Any, x: str) -> str:
    if scaler.with_centering:
        x = draft.add("Sub", x, scaler.center_)
    return draft.add("Div", x, scaler.scale_) if scaler.with_scaling else x


def _draw_min_max_scaler(draft: Draft, scaler: Any, x: str) -> str:
    if scaler.clip:
        raise Refused("MinMaxScaler: expected clip=False")
    return draft.add("Add", draft.add("Mul", x, scaler.scale_), scaler.min_)


def _draw_max_abs_scaler(draft: Draft, scaler: Any, x: str) -> str:
    return draft.add("Div", x, scaler.scale_)


def _draw_selection(draft: Draft, selector: Any, x: str) -> str:
    return draft.add("Gather", x, selector.get_support(indices=True), axis=1)


def _draw_pca(draft: Draft, pca: Any, x: str) -> str:
    turned = draft.add("MatMul", draft.add("Sub", x, pca.mean_), pca.components_.T)
    if not pca.whiten:
        return turned
    return draft.add("Div", turned, np.sqrt(pca.explained_variance_))


TRANSFORMERS: Mapping[str, Draw] = MappingProxyType(
    {
        "sklearn.MaxAbsScaler": _draw_max_abs_scaler,
        "sklearn.MinMaxScaler": _draw_min_max_scaler,
        "sklearn.PCA": _draw_pca,
        "sklearn.RobustScaler": _draw_robust_scaler,
        "sklearn.SelectFromModel": _draw_selection,
        "sklearn.SelectKBest": _draw_selection,
        "sklearn.SelectPercentile": _draw_selection,
        "sklearn.SimpleImputer": _draw_imputer,
        "sklearn.StandardScaler": _draw_standard_scaler,
        "sklearn.VarianceThreshold": _draw_selection,
    }
)
"""By kind; one line each."""
