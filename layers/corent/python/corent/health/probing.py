"""Which offers a probe generates at, this minute. Pure.

Free ones, each minute that live traffic did not. Paid ones within a daily budget that grows with the day, so
that a bad night does not leave the day without: first those that failed, then those of which nothing is known
for longest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from corent.health.breaker import Circuit, circuit
from corent.health.document import HealthDocument
from corent.health.evidence import Evidence, UpstreamEvidence

DAY_MS: Final = 86_400_000
# A probe each minute comes a little early or late.
FREE_QUIET_MS: Final = 45_000
PAID_QUIET_MS: Final = 1_800_000
PAID_A_MINUTE_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class Probeable:
    """An offer that a probe may generate at, and what that costs us."""

    offer_id: str
    upstream: str
    cost_micros: int


def plan_probes(
    offers: Sequence[Probeable], document: HealthDocument, *, budget_micros: int, day: str, now_ms: int
) -> list[Probeable]:
    """The offers to generate at now; `day` is today, in UTC, for what was spent."""
    ready = [each for each in offers if _may_be_tried(each, document, now_ms=now_ms)]
    free = [
        each
        for each in ready
        if each.cost_micros == 0 and _quiet_ms(each, document, now_ms=now_ms) >= FREE_QUIET_MS
    ]
    left_micros = budget_micros * (now_ms % DAY_MS) // DAY_MS - document.spend.of_probes(day)
    paid: list[Probeable] = []
    for each in sorted(ready, key=lambda each: _urgency(each, document)):
        is_due = each.cost_micros > 0 and _quiet_ms(each, document, now_ms=now_ms) >= PAID_QUIET_MS
        if is_due and each.cost_micros <= left_micros and len(paid) < PAID_A_MINUTE_MAX:
            paid.append(each)
            left_micros -= each.cost_micros
    return free + paid


def _may_be_tried(offer: Probeable, document: HealthDocument, *, now_ms: int) -> bool:
    """Not while a breaker is open, or a rest goes on: a probe is load like any other."""
    known = document.offers.get(offer.offer_id, Evidence())
    upstream = document.upstreams.get(offer.upstream, UpstreamEvidence())
    breakers = (known.breaker, upstream.breaker)
    is_open = any(circuit(each, now_ms=now_ms) is Circuit.OPEN for each in breakers)
    return not is_open and now_ms >= known.rests_until_ms


def _quiet_ms(offer: Probeable, document: HealthDocument, *, now_ms: int) -> int:
    return now_ms - document.offers.get(offer.offer_id, Evidence()).checked_at_ms


def _urgency(offer: Probeable, document: HealthDocument) -> tuple[bool, int, int, str]:
    known = document.offers.get(offer.offer_id, Evidence())
    is_doubtful = known.suspect or known.breaker.open_until_ms is not None
    return (not is_doubtful, known.checked_at_ms, offer.cost_micros, offer.offer_id)
