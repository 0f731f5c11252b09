"""AWS's list prices that the cost benchmark multiplies with: us-east-1, on demand, first step, no free tier.

Every figure was read on 2026-11-25 in a stored copy of its source, not on the live page. `basis` says how
near to AWS that source is: look up again what rests on others before anything is decided by it.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

READ_ON: Final = "2026-11-25"
REGION: Final = "us-east-1"


class Basis(StrEnum):
    """What a price rests on."""

    AWS_PAGE = "AWS's own page"
    PRICE_LIST = "AWS's price list, as others copied it"
    OTHERS = "others' word: not confirmed"


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million pieces, and who says so."""

    usd_per_million: Decimal
    basis: Basis
    source: str


# AWS's own offer files, at second hand.
_OFFER_FILES: Final = "pricing.us-east-1.amazonaws.com, copied 2026-09-06 in ocelhq/ocel's research (GitHub)"

PRICES: Final = {
    "api_requests": Price(
        Decimal("3.50"),
        Basis.AWS_PAGE,
        "docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/"
        "cost-optimization.html (REST, first 333 million a month; names no region)",
    ),
    "invocations": Price(Decimal("0.20"), Basis.PRICE_LIST, f"{_OFFER_FILES}: Request-ARM"),
    "transitions": Price(
        Decimal("25.00"), Basis.AWS_PAGE, "aws.amazon.com/step-functions/pricing/: US East (N. Virginia)"
    ),
    "write_units": Price(Decimal("0.625"), Basis.PRICE_LIST, f"{_OFFER_FILES}: WriteRequestUnits"),
    "read_units": Price(Decimal("0.125"), Basis.PRICE_LIST, f"{_OFFER_FILES}: ReadRequestUnits"),
    "health_write_units": Price(Decimal("0.625"), Basis.PRICE_LIST, f"{_OFFER_FILES}: WriteRequestUnits"),
    "health_read_units": Price(Decimal("0.125"), Basis.PRICE_LIST, f"{_OFFER_FILES}: ReadRequestUnits"),
    "objects": Price(Decimal("5.00"), Basis.PRICE_LIST, f"{_OFFER_FILES}: Requests-Tier1"),
    "queue_requests": Price(
        Decimal("0.40"), Basis.OTHERS, "cloudburn.io/blog/amazon-sqs-pricing, us-east-1, 2026-03-14"
    ),
    "key_requests": Price(
        Decimal("3.00"), Basis.OTHERS, "www.wring.co/blog/aws-kms-pricing-guide, 2026-03-15; names no region"
    ),
    "bus_events": Price(
        Decimal("0.00"), Basis.AWS_PAGE, "aws.amazon.com/eventbridge/pricing/: events of AWS's own services"
    ),
}
GB_SECOND: Final = Price(Decimal("13.3334"), Basis.PRICE_LIST, f"{_OFFER_FILES}: Lambda-GB-Second-ARM")
# With this much memory a function has one vCPU, with less its share of one: read on the same day at
# docs.aws.amazon.com/lambda/latest/dg/resource-model.html.
ONE_CPU_MB: Final = 1769
