"""Checks that a webhook is Corent's, and reads it. No I/O.

Source: docs/webhooks.md and the Standard Webhooks specification (read 2026-11-28). The key of both signatures
is the UTF-8 bytes of the secret.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from typing import Protocol

from corent.answers import AccountEvent, Batch, Job
from corent.errors import MalformedAnswerError, WebhookVerificationError
from corent.reading import read

TOLERANCE_S = 300


class Headers(Protocol):
    """Names and values: a dict, or what a web framework has for them."""

    def items(self) -> Iterable[tuple[str, str]]: ...


def verify_webhook(
    body: bytes,
    headers: Headers,
    secret: str,
    *,
    tolerance_s: float = TOLERANCE_S,
    now_s: float | None = None,
) -> Job | Batch | AccountEvent:
    """Return what a webhook tells, once its signature and its time are right.

    `body` is the bytes as they came, before any parsing; the names of `headers` in any case. A message may
    come twice: remember its `webhook-id`. Raises WebhookVerificationError, and ValueError without a secret.
    """
    sent = _lowered(headers)
    event_id, sent_at = sent.get("webhook-id", ""), sent.get("webhook-timestamp", "")
    if not event_id or not (sent_at.isascii() and sent_at.isdecimal()):
        raise WebhookVerificationError("The message has no webhook-id or no webhook-timestamp.")
    signed = f"{event_id}.{sent_at}.".encode("utf-8", errors="surrogateescape") + body
    expected = b"v1," + base64.b64encode(_mac(secret, signed))
    given = sent.get("webhook-signature", "").split(" ")
    # All are compared, so that the time tells nothing about which one fits.
    fitting = [hmac.compare_digest(_bytes(each), expected) for each in given]
    if not any(fitting):
        raise WebhookVerificationError("No signature of the message is right.")
    # The time last: only a genuine message's is worth telling apart.
    if abs((time.time() if now_s is None else now_s) - int(sent_at)) > tolerance_s:
        raise WebhookVerificationError("The message is too old, or from the future.")
    return _document(body)


def verify_body_signature(body: bytes, headers: Headers, secret: str) -> Job | Batch | AccountEvent:
    """Return what a webhook tells, once its X-Corent-Signature is right.

    That signature covers no time: an old message can be played back. Prefer verify_webhook, and its errors.
    """
    given = _lowered(headers).get("x-corent-signature", "")
    if not hmac.compare_digest(_bytes(given), _mac(secret, body).hex().encode()):
        raise WebhookVerificationError("The message's signature is not right.")
    return _document(body)


def _document(body: bytes) -> Job | Batch | AccountEvent:
    try:
        document = json.loads(body)
        if isinstance(document, dict) and "data" in document:
            return read(AccountEvent, document)
        if isinstance(document, dict) and "counts" in document:
            return read(Batch, document)
        return read(Job, document)
    except (ValueError, MalformedAnswerError) as error:
        raise WebhookVerificationError(
            "The message is signed, and is none that this version knows."
        ) from error


def _lowered(headers: Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _mac(secret: str, content: bytes) -> bytes:
    if not secret:
        raise ValueError("The webhook's secret is empty: everybody could sign with it.")
    return hmac.digest(secret.encode(), content, hashlib.sha256)


def _bytes(value: str) -> bytes:
    # compare_digest takes texts of ASCII only, and a forger may send anything.
    return value.encode("utf-8", errors="surrogateescape")
