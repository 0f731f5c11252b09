"""What routing needs to know of an offer's recent results."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OfferHealth:
    """Recent results of one offer. `latency_ms_p50` is of successes, None before the first."""

    results: int
    successes: int
    latency_ms_p50: int | None
    degraded: bool
