"""Who may be believed, and what they told."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from corent import AccountEvent, Batch, Job, WebhookVerificationError, verify_body_signature, verify_webhook
from tests.documents import batch, completed

SECRET = "a secret of your own"
NOW_S = 1_790_000_000
BODY = json.dumps(completed()).encode()


def signed(
    body: bytes = BODY, *, secret: str = SECRET, sent_at_s: int = NOW_S, **more: str
) -> dict[str, str]:
    """The headers Corent sends, as docs/webhooks.md says."""
    mac = hmac.digest(secret.encode(), f"evt_1.{sent_at_s}.".encode() + body, hashlib.sha256)
    return {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(sent_at_s),
        "Webhook-Signature": f"v1,{base64.b64encode(mac).decode()}",
        "X-Corent-Signature": hmac.digest(secret.encode(), body, hashlib.sha256).hex(),
        **more,
    }


def check(body: bytes, headers: dict[str, str], **options: Any) -> Any:
    return verify_webhook(body, headers, SECRET, **{"now_s": NOW_S, **options})


def test_a_genuine_message_is_its_job() -> None:
    got = check(BODY, signed())
    assert isinstance(got, Job)
    assert got.images[0].width == 1024


def test_batches_and_account_events_are_told_apart() -> None:
    batch_body = json.dumps(batch(completed())).encode()
    assert isinstance(check(batch_body, signed(batch_body)), Batch)
    event = {"created_at": "…", "data": {"available_cents": 496}, "id": "evt_1", "type": "balance.low"}
    event_body = json.dumps(event).encode()
    got = check(event_body, signed(event_body))
    assert isinstance(got, AccountEvent)
    assert got.data["available_cents"] == 496


def test_one_right_signature_among_others_is_enough() -> None:
    headers = signed()
    assert check(BODY, headers | {"Webhook-Signature": f"v1,AAAA v2,x {headers['Webhook-Signature']}"})


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(secret="another secret of yours"),
        signed() | {"Webhook-Id": "evt_2"},
        signed() | {"Webhook-Timestamp": str(NOW_S + 1)},
        signed() | {"Webhook-Timestamp": "9" * 5_000},
        signed() | {"Webhook-Timestamp": "\N{ARABIC-INDIC DIGIT ONE}"},
        signed() | {"Webhook-Signature": "v1,\N{FOX FACE}"},
        signed() | {"Webhook-Signature": ""},
    ],
)
def test_a_forged_message_is_not_verified(headers: dict[str, str]) -> None:
    with pytest.raises(WebhookVerificationError):
        check(BODY, headers)


def test_a_changed_body_is_not_verified() -> None:
    with pytest.raises(WebhookVerificationError):
        check(BODY.replace(b"completed", b"cancelled"), signed())


@pytest.mark.parametrize("age_s", [301, -301])
def test_an_old_or_early_message_is_not_verified(age_s: int) -> None:
    with pytest.raises(WebhookVerificationError, match="too old"):
        check(BODY, signed(sent_at_s=NOW_S - age_s))


@pytest.mark.parametrize("age_s", [300, -300])
def test_a_message_within_the_tolerance_is_verified(age_s: int) -> None:
    assert check(BODY, signed(sent_at_s=NOW_S - age_s))


def test_the_plain_signature_is_checked_too() -> None:
    assert isinstance(verify_body_signature(BODY, signed(), SECRET), Job)
    with pytest.raises(WebhookVerificationError):
        verify_body_signature(BODY + b" ", signed(), SECRET)


def test_an_empty_secret_verifies_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        verify_webhook(BODY, signed(secret=""), "", now_s=NOW_S)


def test_a_signed_message_of_another_kind_is_not_verified() -> None:
    with pytest.raises(WebhookVerificationError, match="none that this version knows"):
        check(b"[1]", signed(b"[1]"))
