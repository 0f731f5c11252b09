"""What a webhook is signed with, as an independent library and plain HMAC read it."""

import base64
import hashlib
import hmac
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from corent.webhooks.signature import signed_headers

SECRET = "whsec_a-secret-of-at-least-16"
BODY = '{"id":"job_1","metadata":{"naïve":"狐\\u00e9"},"price":1.50,"z":0,"a":[]}'.encode()


def verify(body: bytes, headers: dict[str, str], *, secret: str = SECRET) -> None:
    Webhook(base64.b64encode(secret.encode()).decode()).verify(body, headers, json_parse=False)


def now_s() -> int:
    return int(time.time())


def headers_of(body: bytes, *, secret: str = SECRET, timestamp_s: int | None = None) -> dict[str, str]:
    timestamp_s = now_s() if timestamp_s is None else timestamp_s
    return dict(signed_headers(body, event_id="evt_1", timestamp_s=timestamp_s, secret=secret))


def test_an_independent_library_takes_the_message() -> None:
    verify(BODY, headers_of(BODY))


@given(body=st.text().map(str.encode), secret=st.text(min_size=1, max_size=256))
def test_any_bytes_under_any_secret_are_taken_by_it(body: bytes, secret: str) -> None:
    verify(body, headers_of(body, secret=secret), secret=secret)


@pytest.mark.parametrize("changed", [BODY + b" ", BODY.replace(b"1.50", b"1.5"), BODY[:-1], b""])
def test_other_bytes_than_were_signed_are_refused(changed: bytes) -> None:
    headers = headers_of(BODY)
    with pytest.raises(WebhookVerificationError):
        verify(changed, headers)


def test_another_secret_is_refused() -> None:
    with pytest.raises(WebhookVerificationError):
        verify(BODY, headers_of(BODY, secret=SECRET + "x"))


@pytest.mark.parametrize(("header", "value"), [("webhook-id", "evt_2"), ("webhook-timestamp", None)])
def test_id_and_time_are_covered_by_the_signature(header: str, value: str | None) -> None:
    headers = headers_of(BODY)
    headers[header] = value or str(int(headers[header]) + 1)
    with pytest.raises(WebhookVerificationError):
        verify(BODY, headers)


def test_an_old_message_is_refused_though_its_signature_is_good() -> None:
    with pytest.raises(WebhookVerificationError, match="too old"):
        verify(BODY, headers_of(BODY, timestamp_s=now_s() - 301))


def test_the_plain_signature_is_the_hex_hmac_of_the_body_alone() -> None:
    expected = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    assert headers_of(BODY)["X-Corent-Signature"] == expected
    assert headers_of(BODY, timestamp_s=1)["X-Corent-Signature"] == expected


def test_a_known_message_is_signed_as_it_always_was() -> None:
    assert signed_headers(b'{"a":1}', event_id="evt_1", timestamp_s=1_795_341_000, secret="s" * 16) == (
        ("webhook-id", "evt_1"),
        ("webhook-timestamp", "1795341000"),
        ("webhook-signature", "v1,4Bg5MK3fa+941xLlxQFUlL1iKjl5CFwlmbbtcarYd2I="),
        ("X-Corent-Signature", "63882c2a8d68a644c3605581dd0b8eb4b6e17845d0f01e67cc5189b7ab1119c7"),
    )


def test_without_a_secret_there_is_an_id_and_a_time_and_no_signature() -> None:
    assert signed_headers(BODY, event_id="evt_1", timestamp_s=5, secret=None) == (
        ("webhook-id", "evt_1"),
        ("webhook-timestamp", "5"),
    )


def test_an_empty_secret_signs_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        signed_headers(BODY, event_id="evt_1", timestamp_s=5, secret="")
