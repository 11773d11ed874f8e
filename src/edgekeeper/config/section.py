"""``Section``: what every part of the configuration is."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Section"]


class Section(BaseModel):
    """A part of the configuration: frozen, without unknown keys."""

    # JSON has no word for NaN and infinity, so two settings with them could share a hash.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
