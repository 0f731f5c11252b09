"""What upstreams sign on their callbacks: good signatures pass, and nothing else does."""

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from corent.core.errors import TemporarilyUnavailableError
from corent.core.fetching import FetchFailedError, FetchLimits, FetchRefusedError
from corent.providers.callbacks import (
    ASKED_AGAIN_AFTER_S,
    FAL_KEYS_URL,
    KEYS_KEPT_S,
    REPLICATE_SECRET_NAME,
    VerifyCallback,
)

NOW_S = 1_795_341_000
BODY = b'{"request_id":"r-1","status":"OK","payload":{"na\xc3\xafve":1.0}}'
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
STORED = "whsec_" + base64.b64encode(b"the account's own secret").decode()


def jwks(*keys: Ed25519PrivateKey) -> bytes:
    rows = [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).rstrip(b"=").decode(),
        }
        for key in keys
    ]
    return json.dumps({"keys": rows}).encode()


class Published:
    """Fetch of a JWKS that gives the listed answers in turn, and goes on with the last one."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers) or [jwks(KEY)]
        self.asked: list[str] = []
        self.limits: list[FetchLimits] = []

    def __call__(
        self,
        url: str,
        *,
        limits: FetchLimits,
        allowed_hosts: tuple[str, ...] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> bytes:
        self.asked.append(url)
        self.limits.append(limits)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def verifier(published: Published | None = None, *, stored: str | None = None) -> VerifyCallback:
    secrets = {REPLICATE_SECRET_NAME: {"api_key": "k"} | ({"webhook_secret": stored} if stored else {})}
    return VerifyCallback(fetch=published or Published(), secrets=lambda: secrets)


def fals(*, key: Ed25519PrivateKey = KEY, body: bytes = BODY, at_s: int = NOW_S) -> dict[str, str]:
    message = "\n".join(["r-1", "u-1", str(at_s), hashlib.sha256(body).hexdigest()]).encode()
    return {
        "X-Fal-Webhook-Request-Id": "r-1",
        "X-Fal-Webhook-User-Id": "u-1",
        "X-Fal-Webhook-Timestamp": str(at_s),
        "X-Fal-Webhook-Signature": key.sign(message).hex(),
    }


def replicates(*, stored: str = STORED, body: bytes = BODY, at_s: int = NOW_S) -> dict[str, str]:
    signed = Webhook(stored).sign("msg_1", datetime.fromtimestamp(at_s, UTC), body.decode())
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at_s), "webhook-signature": signed}


# ---- Those that sign nothing -------------------------------------------------------------------------


@pytest.mark.parametrize("provider", ["sandbox", "google", "luma", "bfl", "unknown", ""])
def test_an_upstream_that_signs_nothing_is_proven_by_the_token_alone(provider: str) -> None:
    published = Published()
    assert verifier(published, stored=STORED)(provider, headers={}, body=b"", now_s=NOW_S)
    assert published.asked == []


# ---- Ed25519 by published keys -----------------------------------------------------------------------


def test_a_good_signature_passes() -> None:
    published = Published()
    assert verifier(published)("fal", headers=fals(), body=BODY, now_s=NOW_S)
    assert published.asked == [FAL_KEYS_URL]


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_header_names_may_be_in_any_case(change: Callable[[str], str]) -> None:
    headers = {change(name): value for name, value in fals().items()}
    assert verifier()("fal", headers=headers, body=BODY, now_s=NOW_S)


def test_a_signature_by_any_of_the_published_keys_passes() -> None:
    published = Published(jwks(OTHER_KEY, KEY))
    assert verifier(published)("fal", headers=fals(), body=BODY, now_s=NOW_S)


@pytest.mark.parametrize("header", fals())
def test_without_any_of_its_headers_it_is_refused(header: str) -> None:
    headers = fals()
    del headers[header]
    assert not verifier()("fal", headers=headers, body=BODY, now_s=NOW_S)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Fal-Webhook-Request-Id", "r-2"),
        ("X-Fal-Webhook-User-Id", "u-2"),
        ("X-Fal-Webhook-Timestamp", str(NOW_S + 1)),
        ("X-Fal-Webhook-Timestamp", f"{NOW_S}.0"),
        ("X-Fal-Webhook-Timestamp", "soon"),
        ("X-Fal-Webhook-Timestamp", "\N{SUPERSCRIPT TWO}"),
        ("X-Fal-Webhook-Signature", "0" * 128),
        ("X-Fal-Webhook-Signature", fals()["X-Fal-Webhook-Signature"] + "00"),
        ("X-Fal-Webhook-Signature", fals()["X-Fal-Webhook-Signature"][:-2]),
        ("X-Fal-Webhook-Signature", "zz" * 64),
        ("X-Fal-Webhook-Signature", fals(key=OTHER_KEY)["X-Fal-Webhook-Signature"]),
    ],
)
def test_any_other_value_in_a_header_is_refused(header: str, value: str) -> None:
    assert not verifier()("fal", headers=fals() | {header: value}, body=BODY, now_s=NOW_S)


@pytest.mark.parametrize("body", [BODY + b" ", BODY[:-1], b""])
def test_another_body_than_was_signed_is_refused(body: bytes) -> None:
    assert not verifier()("fal", headers=fals(), body=body, now_s=NOW_S)


@pytest.mark.parametrize(("late_s", "passes"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_the_time_may_be_off_by_five_minutes_either_way(late_s: int, passes: bool) -> None:
    assert verifier()("fal", headers=fals(at_s=NOW_S - late_s), body=BODY, now_s=NOW_S) is passes


def test_the_keys_are_kept_for_a_day_and_read_again_then() -> None:
    published = Published()
    verify = verifier(published)
    for later_s in (0, 60, KEYS_KEPT_S):
        assert verify("fal", headers=fals(at_s=NOW_S + later_s), body=BODY, now_s=NOW_S + later_s)
    assert len(published.asked) == 1
    later_s = KEYS_KEPT_S + 1
    assert verify("fal", headers=fals(at_s=NOW_S + later_s), body=BODY, now_s=NOW_S + later_s)
    assert len(published.asked) == 2


def test_an_unknown_key_has_the_keys_read_once_more() -> None:
    published = Published(jwks(OTHER_KEY), jwks(KEY))
    verify = verifier(published)
    assert verify("fal", headers=fals(key=OTHER_KEY), body=BODY, now_s=NOW_S)
    later_s = NOW_S + ASKED_AGAIN_AFTER_S
    assert verify("fal", headers=fals(at_s=later_s), body=BODY, now_s=later_s)
    assert len(published.asked) == 2


def test_a_key_that_was_withdrawn_is_refused_once_the_keys_were_read_again() -> None:
    published = Published(jwks(OTHER_KEY), jwks(KEY))
    verify = verifier(published)
    assert verify("fal", headers=fals(key=OTHER_KEY), body=BODY, now_s=NOW_S)
    later_s = NOW_S + ASKED_AGAIN_AFTER_S
    assert verify("fal", headers=fals(at_s=later_s), body=BODY, now_s=later_s)
    assert not verify("fal", headers=fals(key=OTHER_KEY, at_s=later_s), body=BODY, now_s=later_s)


def test_a_flood_of_bad_signatures_reads_the_keys_once_a_minute() -> None:
    published = Published()
    verify = verifier(published)
    for second in range(150):
        now_s = NOW_S + second
        assert not verify("fal", headers=fals(key=OTHER_KEY, at_s=now_s), body=BODY, now_s=now_s)
    assert len(published.asked) == 3


@pytest.mark.parametrize(
    "answer",
    [
        FetchFailedError("TimeoutError"),
        FetchRefusedError("larger than 65536 bytes"),
        b"",
        b"<html>",
        b"[]",
        b'{"keys":{}}',
        b'{"keys":[]}',
        b'{"keys":[null,1,"x",{},{"kty":"OKP","crv":"Ed25519"}]}',
        b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":5}]}',
        b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}',
        b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"\xc3\xa4"}]}',
        b'{"keys":[{"kty":"OKP","crv":"Ed25519","x":"A"}]}',
        jwks(KEY).replace(b"OKP", b"RSA"),
        jwks(KEY).replace(b"Ed25519", b"X25519"),
        b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda answer: repr(answer)[:40],
)
def test_without_keys_nothing_passes(answer: bytes | Exception) -> None:
    assert not verifier(Published(answer))("fal", headers=fals(), body=BODY, now_s=NOW_S)


@pytest.mark.parametrize("then", [FetchFailedError("TimeoutError"), b'{"keys":[]}'], ids=["failed", "empty"])
def test_keys_that_cannot_be_read_again_are_good_until_their_day_is_over(then: bytes | Exception) -> None:
    published = Published(jwks(KEY), then)
    verify = verifier(published)
    assert verify("fal", headers=fals(), body=BODY, now_s=NOW_S)
    later_s = NOW_S + ASKED_AGAIN_AFTER_S
    assert not verify("fal", headers=fals(key=OTHER_KEY, at_s=later_s), body=BODY, now_s=later_s)
    assert verify("fal", headers=fals(at_s=later_s), body=BODY, now_s=later_s)
    over_s = NOW_S + KEYS_KEPT_S + 1
    assert not verify("fal", headers=fals(at_s=over_s), body=BODY, now_s=over_s)


def test_reading_the_keys_leaves_time_to_answer() -> None:
    published = Published()
    verifier(published)("fal", headers=fals(), body=BODY, now_s=NOW_S)
    (limits,) = published.limits
    assert limits.timeout_s < 3
    assert limits.redirects_max == 0


# ---- Standard Webhooks -------------------------------------------------------------------------------


def test_a_message_signed_with_the_stored_secret_passes() -> None:
    assert verifier(stored=STORED)("replicate", headers=replicates(), body=BODY, now_s=NOW_S)


def test_one_good_signature_among_others_is_enough() -> None:
    headers = replicates()
    headers["webhook-signature"] = f"v1,AAAA v2,x {headers['webhook-signature']} v1a,zzz"
    assert verifier(stored=STORED)("replicate", headers=headers, body=BODY, now_s=NOW_S)


@pytest.mark.parametrize("header", replicates())
def test_without_any_of_these_headers_it_is_refused(header: str) -> None:
    headers = replicates()
    del headers[header]
    assert not verifier(stored=STORED)("replicate", headers=headers, body=BODY, now_s=NOW_S)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-id", "msg_2"),
        ("webhook-timestamp", str(NOW_S + 1)),
        ("webhook-timestamp", "-5"),
        ("webhook-signature", ""),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1"),
        ("webhook-signature", "v1,ä"),
        ("webhook-signature", replicates()["webhook-signature"].replace("v1,", "v2,")),
        ("webhook-signature", replicates()["webhook-signature"].removeprefix("v1,")),
        ("webhook-signature", " ".join(["v1,x"] * 1_000 + [replicates()["webhook-signature"]])),
        ("webhook-signature", replicates(stored="whsec_b3RoZXI=")["webhook-signature"]),
    ],
)
def test_any_other_value_in_these_headers_is_refused(header: str, value: str) -> None:
    headers = replicates() | {header: value}
    assert not verifier(stored=STORED)("replicate", headers=headers, body=BODY, now_s=NOW_S)


def test_another_body_than_the_secret_signed_is_refused() -> None:
    assert not verifier(stored=STORED)("replicate", headers=replicates(), body=BODY + b" ", now_s=NOW_S)


@pytest.mark.parametrize(("late_s", "passes"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_this_time_too_may_be_off_by_five_minutes(late_s: int, passes: bool) -> None:
    headers = replicates(at_s=NOW_S - late_s)
    assert verifier(stored=STORED)("replicate", headers=headers, body=BODY, now_s=NOW_S) is passes


def test_without_a_stored_secret_the_token_alone_counts() -> None:
    assert verifier()("replicate", headers={}, body=BODY, now_s=NOW_S)


@pytest.mark.parametrize("stored", ["whsec_", "whsec_====", "not base64!", "whsec_ä", "whsec_A"])
def test_a_stored_secret_that_is_none_lets_nothing_pass(stored: str) -> None:
    headers = replicates() | {"webhook-signature": "v1,"}
    assert not verifier(stored=stored)("replicate", headers=headers, body=BODY, now_s=NOW_S)


def test_a_secret_that_cannot_be_read_is_no_permission() -> None:
    def unavailable() -> dict[str, dict[str, str]]:
        raise TemporarilyUnavailableError("later")

    verify = VerifyCallback(fetch=Published(), secrets=unavailable)
    with pytest.raises(TemporarilyUnavailableError):
        verify("replicate", headers=replicates(), body=BODY, now_s=NOW_S)


# ---- Whatever a stranger sends -----------------------------------------------------------------------

VALUES = st.text(st.characters(exclude_categories=()), max_size=200) | st.sampled_from(
    ["", str(NOW_S), "v1,", "0" * 128, "v1," * 100, "9" * 50, "whsec_", "\x00", "\ud800"]
)
NAMES = st.sampled_from([*fals(), *replicates(), "X-Other"]) | VALUES


@given(
    provider=st.sampled_from(["fal", "replicate"]),
    given_headers=st.dictionaries(NAMES, VALUES, max_size=8),
    recent=st.booleans(),
    body=st.binary(max_size=300),
)
@settings(max_examples=500, deadline=None)
def test_nothing_invented_passes_and_nothing_raises(
    provider: str, given_headers: dict[str, str], recent: bool, body: bytes
) -> None:
    if recent:
        given_headers |= {"x-fal-webhook-timestamp": str(NOW_S), "webhook-timestamp": str(NOW_S)}
    verify = verifier(stored=STORED)
    assert verify(provider, headers=given_headers, body=body, now_s=NOW_S) is False


@given(
    document=st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=50),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["keys", "kty", "crv", "x"]), inner, max_size=4)
        ),
        max_leaves=20,
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_published_document_breaks_the_check(document: bytes) -> None:
    verify = verifier(Published(document))
    assert verify("fal", headers=fals(), body=BODY, now_s=NOW_S) is False
