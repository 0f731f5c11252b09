"""The health store port."""

from collections.abc import Callable
from typing import Protocol

from corent.health.document import HealthDocument
from corent.health.status import StatusDocument


class HealthStore(Protocol):
    """The two health documents: what routing reads, and what anyone may read."""

    def read(self) -> HealthDocument:
        """What live traffic and probes have shown; empty before the first."""
        ...

    def update(self, fold: Callable[[HealthDocument], HealthDocument]) -> HealthDocument:
        """Replace the document by what `fold` makes of it, losing no concurrent update; what it is now.

        `fold` may run more than once. Raises HealthContendedError when others always came first.
        """
        ...

    def read_status(self) -> StatusDocument:
        """The public status as it was last written; empty before the first."""
        ...

    def update_status(self, step: Callable[[StatusDocument], StatusDocument]) -> None:
        """Replace the public status by what `step` makes of it. As `update`."""
        ...

    def claim_trial(self, offer_id: str, *, now_ms: int, until_ms: int) -> bool:
        """Whether the caller may try that offer until then, alone; False while another may."""
        ...


class HealthContendedError(Exception):
    """Concurrent writers kept winning; the same results may be folded again later."""
