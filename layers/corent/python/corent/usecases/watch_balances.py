"""Watching balances: whoever sees that one has crossed a threshold has it looked after."""

from datetime import UTC, datetime
from typing import Protocol


class Wake(Protocol):
    """Has a wallet's thresholds looked after."""

    def __call__(self, wallet_id: str) -> None:
        """May be repeated. Raises TemporarilyUnavailableError."""
        ...


def month_of(time_ms: int) -> str:
    """`202611`: the month in UTC, as spending limits and caps count it."""
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y%m}"
