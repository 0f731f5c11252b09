"""The health store port."""

from collections.abc import Callable
from typing import Protocol

from corent.health.results import OfferWindow, TierWindow


class HealthStore(Protocol):
    """The two health documents: what routing reads, and what the status page reads."""

    def read_offers(self) -> OfferWindow:
        """The last results of every offer; empty before the first."""
        ...

    def read_tiers(self) -> TierWindow:
        """The last results of every tier; empty before the first."""
        ...

    def update(
        self,
        fold: Callable[[OfferWindow, TierWindow], tuple[OfferWindow, TierWindow]],
    ) -> None:
        """Replace both documents by what `fold` makes of them, losing no concurrent update.

        `fold` may run more than once. Raises HealthContendedError when others always came first.
        """
        ...


class HealthContendedError(Exception):
    """Concurrent writers kept winning; the same results may be folded again later."""
