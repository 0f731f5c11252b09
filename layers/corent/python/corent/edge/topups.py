"""The top-up endpoints' answers."""

from corent.core.clock import rfc3339
from corent.core.money import cents_floor
from corent.edge.bodies.topups import TopUpReply
from corent.payments.topup import TopUp


def topup_reply(topup: TopUp | None, *, month: str) -> TopUpReply:
    """The rules and where they stand."""
    if topup is None:
        return TopUpReply(
            enabled=False,
            threshold_cents=None,
            amount_cents=None,
            monthly_cap_cents=None,
            spent_this_month_cents=0,
            charging=False,
            disabled_reason=None,
            disabled_at=None,
        )
    return TopUpReply(
        enabled=topup.is_on,
        threshold_cents=cents_floor(topup.threshold_micros),
        amount_cents=cents_floor(topup.amount_micros),
        monthly_cap_cents=cents_floor(topup.monthly_cap_micros),
        spent_this_month_cents=cents_floor(topup.spent_micros(month)),
        charging=topup.order_id is not None,
        disabled_reason=topup.off_reason.value if topup.off_reason is not None else None,
        disabled_at=rfc3339(topup.off_at_ms) if topup.off_at_ms is not None else None,
    )
