"""How large positions are, in words."""

from edgekeeper.config import PolicyConfig

__all__ = ["sizing_words"]


def sizing_words(policy: PolicyConfig) -> str:
    """Say how a position's size is found.

    Examples
    --------
    >>> sizing_words(PolicyConfig(sizing="volatility"))
    'each position brings a volatility of 2.0% a year to the account, or what the limits allow'
    """
    if policy.sizing == "kelly":
        return (
            f"{policy.kelly_fraction:g} of Kelly's stake, shrunk for a standard error of "
            f"{policy.probability_error:g} in the probability, or what the limits allow"
        )
    if policy.sizing == "volatility":
        return (
            f"each position brings a volatility of {policy.position_volatility:.1%} a year to the "
            "account, or what the limits allow"
        )
    return "the largest position the limits allow"
