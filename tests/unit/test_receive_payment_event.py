"""Events of the card processor: verified before anything else, and only a hint to look."""

import json
from typing import Any

import pytest

from corent.core.errors import BodyTooLargeError, InvalidEventError, TemporarilyUnavailableError
from corent.payments.events import TYPES
from corent.usecases.receive_payment_event import BODY_BYTES_MAX, Heard, ReceivePaymentEvent


class Receiver:
    """Receives with a signature that is good when it says so."""

    def __init__(self, *, live: bool = True) -> None:
        self.woken: list[tuple[str, str]] = []
        self.verified: list[bytes] = []
        self.receive = ReceivePaymentEvent(verify=self.verify, wake=self.wake, expects_live=live)

    def verify(self, body: bytes, *, signature: str) -> bool:
        self.verified.append(body)
        return signature == "good"

    def wake(self, payment_id: str, *, cause: str) -> None:
        self.woken.append((payment_id, cause))

    def __call__(self, document: Any, *, signature: str | None = "good") -> Heard:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return self.receive(body, signature=signature)


def an_event(type_: str = "checkout.session.completed", **changes: Any) -> dict[str, Any]:
    payment = "id" if type_.startswith("payment_intent.") else "payment_intent"
    subject = {"id": "obj_1", payment: "pi_1"}
    return {"id": "evt_1", "type": type_, "livemode": True, "data": {"object": subject}, **changes}


@pytest.mark.parametrize("type_", TYPES)
def test_an_event_about_a_payment_wakes_the_look_at_it(type_: str) -> None:
    receiver = Receiver()
    assert receiver(an_event(type_)) is Heard.WOKEN
    assert receiver.woken == [("pi_1", "evt_1")]


@pytest.mark.parametrize("type_", ["customer.created", "checkout.session.expired", "payout.paid"])
def test_other_events_are_taken_and_change_nothing(type_: str) -> None:
    receiver = Receiver()
    assert receiver(an_event(type_)) is Heard.NOT_OURS
    assert receiver.woken == []


def test_a_session_without_a_payment_changes_nothing() -> None:
    receiver = Receiver()
    assert receiver(an_event(data={"object": {"id": "cs_1", "payment_intent": None}})) is Heard.NOT_OURS


@pytest.mark.parametrize("signature", [None, "", "bad"])
def test_what_is_not_signed_is_refused_and_not_looked_into(signature: str | None) -> None:
    receiver = Receiver()
    with pytest.raises(InvalidEventError):
        receiver(b"{not json", signature=signature)
    assert receiver.woken == []


@pytest.mark.parametrize(("live", "stage_is_live"), [(False, True), (True, False), (None, True), (1, True)])
def test_an_event_of_the_other_mode_is_refused(live: Any, stage_is_live: bool) -> None:
    receiver = Receiver(live=stage_is_live)
    with pytest.raises(InvalidEventError):
        receiver(an_event(livemode=live))
    assert receiver.woken == []


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"[" * 100_000,
        {"livemode": True},
        {"livemode": True, "type": "charge.refunded", "id": "evt_1"},
        {"livemode": True, "type": "charge.refunded", "id": "evt_1", "data": {"object": []}},
        {"livemode": True, "type": "charge.refunded", "id": "e", "data": {"object": {"payment_intent": 7}}},
    ],
    ids=lambda document: str(document)[:40],
)
def test_a_signed_body_that_is_no_event_is_refused(document: Any) -> None:
    receiver = Receiver()
    with pytest.raises(InvalidEventError):
        receiver(document)
    assert receiver.woken == []


def test_a_body_that_is_too_large_is_refused_before_its_signature_is_checked() -> None:
    receiver = Receiver()
    with pytest.raises(BodyTooLargeError):
        receiver(b" " * (BODY_BYTES_MAX + 1))
    assert receiver.verified == []


def test_an_event_that_could_not_be_noted_is_an_error_so_that_it_comes_again() -> None:
    receiver = Receiver()

    def full(*_: Any, **__: Any) -> None:
        raise TemporarilyUnavailableError("full")

    receiver.receive = ReceivePaymentEvent(verify=receiver.verify, wake=full, expects_live=True)
    with pytest.raises(TemporarilyUnavailableError):
        receiver(an_event())
