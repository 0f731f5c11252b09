"""Signatures of Stripe's events, over their raw bytes.

Source: Stripe's documentation, "Resolve webhook signature verification errors" and the library's own
`WebhookSignature` (stripe 16.1.0, read 2026-11-25), which refuses what is too old but not what is too new.
"""

import re
from typing import Final

import stripe

from corent.adapters.stripe_account import StripeAccount
from corent.core.clock import Clock

TOLERANCE_S: Final = 300
_TIMESTAMP: Final = re.compile(r"(?:^|,)t=(\d{1,12})(?:,|$)")


class StripeSignature:
    """Verify for Stripe's events."""

    def __init__(self, *, account: StripeAccount, clock: Clock) -> None:
        self._account = account
        self._clock = clock

    def __call__(self, body: bytes, *, signature: str) -> bool:
        secret = self._account.webhook_secret()
        timestamp = _TIMESTAMP.search(signature)
        if timestamp is None or not signature.isascii():
            return False
        if abs(int(timestamp[1]) - self._clock.now_ms() // 1000) > TOLERANCE_S:
            return False
        try:
            # Without the library's own tolerance: it reads the machine's clock, and ours was asked above.
            stripe.WebhookSignature.verify_header(body, signature, secret)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            return False
        return True
