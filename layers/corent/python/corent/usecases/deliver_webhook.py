"""Deliver an owed webhook: one try now, or a message for when the next one is due.

At least once: the message's id is the same for every try, a try is claimed before it is sent and marked
afterwards, and whoever dies between leaves it due again when the lease ends. Messages that wake this are only
hints; what is stored decides. What is logged of it is in `Delivery`: ids and classes, no address, no body.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from corent.core.clock import Clock
from corent.core.sending import Answer, Send, SendFailedError, SendRefusedError
from corent.webhooks.outbox import LEASE_MS, DeliveryStatus, Outbox, Outcome, Try, bucket_ms
from corent.webhooks.schedule import Verdict, judge, wait_s
from corent.webhooks.signature import Headers, signed_headers
from corent.webhooks.store import OpenSeal, OutboxStore, SealBrokenError, SendingSlots

# Spread, so that what waited for one wallet's slots does not come back all at once.
POSTPONED_MIN_MS: Final = 3_000
POSTPONED_MAX_MS: Final = 8_000
SENT_AS: Final = (("Content-Type", "application/json"), ("User-Agent", "Corent-Webhooks/1"))


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told, to whom. `body` are the very bytes that are signed and sent.

    `sealed_for` is what the secret was sealed for, where that is not the subject itself.
    """

    url: str = field(repr=False)
    sealed_secret: str | None = field(repr=False)
    body: bytes = field(repr=False)
    sealed_for: str | None = None


class Messages(Protocol):
    """The caller's webhook and the document of its job or batch."""

    def read(self, subject_id: str) -> Message | None:
        """The message, the same bytes each time; None when there is nothing to tell, or nobody."""
        ...


class Later(Protocol):
    """Wakes the delivery of a webhook again."""

    def __call__(self, subject_id: str, *, delay_s: float = 0.0) -> None:
        """Come back after `delay_s`, or earlier. May be repeated. Raises TemporarilyUnavailableError."""
        ...


class Result(StrEnum):
    """What came of waking a delivery."""

    NOTHING_OWED = "nothing_owed"
    NOT_DUE = "not_due"
    NO_SLOT = "no_slot"
    OVERTAKEN = "overtaken"  # Another worker has the try, or its mark came first.
    DELIVERED = "delivered"
    FAILED = "failed"  # It will be tried again.
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What an operator's log may say. `cause` is a status or a class of fault, never a text from outside."""

    subject_id: str
    result: Result
    event_id: str | None = None
    tries: int = 0
    cause: str | None = None


class DeliverWebhook:
    """One waking of one webhook. May be repeated, may die anywhere, may run twice at once."""

    def __init__(
        self,
        *,
        outboxes: OutboxStore,
        slots: SendingSlots,
        messages: Messages,
        open_seal: OpenSeal,
        send: Send,
        later: Later,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self._outboxes = outboxes
        self._slots = slots
        self._messages = messages
        self._open_seal = open_seal
        self._send = send
        self._later = later
        self._clock = clock
        self._random = random

    def __call__(self, subject_id: str) -> Delivery:
        """Raises TemporarilyUnavailableError where a store did not answer: wake it again."""
        outbox = self._outboxes.read(subject_id)
        if outbox is None or outbox.status is not DeliveryStatus.PENDING:
            return Delivery(subject_id, Result.NOTHING_OWED)
        now_ms = self._clock.now_ms()
        if outbox.due_ms > now_ms:
            self._later(subject_id, delay_s=(outbox.due_ms - now_ms) / 1000)
            return _report(outbox, Result.NOT_DUE)
        until_ms = now_ms + LEASE_MS
        slot = self._slots.take(outbox.wallet_id, now_ms=now_ms, until_ms=until_ms, random=self._random())
        if slot is None:
            return self._postpone(outbox, now_ms=now_ms)
        try:
            return self._try(outbox)
        finally:
            self._slots.give_back(outbox.wallet_id, slot=slot, until_ms=until_ms)

    def _try(self, outbox: Outbox) -> Delivery:
        message = self._messages.read(outbox.subject_id)
        if message is None or outbox.is_exhausted:
            return self._give_up(outbox, cause="no_message" if message is None else "workers_died")
        try:
            secret = self._secret(outbox, message)
        except SealBrokenError:
            # Unsigned it must not go out: the receiver was promised signatures.
            return self._give_up(outbox, cause="seal_broken")
        now_ms = self._clock.now_ms()
        claimed = outbox.claimed(now_ms=now_ms)
        if not self._outboxes.replace(outbox, claimed):
            return _report(outbox, Result.OVERTAKEN)
        headers = signed_headers(
            message.body, event_id=claimed.event_id, timestamp_s=now_ms // 1000, secret=secret
        )
        started_s = self._clock.monotonic_s()
        answer, cause = self._post(message, headers)
        entry = Try(
            at_ms=now_ms,
            outcome=_outcome(answer),
            status_class=f"{answer.status // 100}xx" if answer else None,
            duration_ms=bucket_ms(round((self._clock.monotonic_s() - started_s) * 1000)),
        )
        return self._mark(claimed, entry, answer=answer, cause=cause)

    def _mark(self, claimed: Outbox, entry: Try, *, answer: Answer | None, cause: str) -> Delivery:
        verdict = judge(answer.status if answer else None)
        delay_s = None
        if verdict is Verdict.FAILED:
            delay_s = wait_s(
                failures=claimed.failures + 1,
                retry_after_s=answer.retry_after_s if answer else None,
                random=self._random(),
            )
        if verdict is Verdict.DELIVERED:
            after, result = claimed.delivered(entry), Result.DELIVERED
        elif delay_s is None:
            after, result = claimed.given_up(entry), Result.GIVEN_UP
        else:
            next_ms = self._clock.now_ms() + round(delay_s * 1000)
            after, result = claimed.failed(entry, next_ms=next_ms), Result.FAILED
        if not self._outboxes.replace(claimed, after):
            return _report(claimed, Result.OVERTAKEN, cause=cause)
        if delay_s is not None:
            self._later(claimed.subject_id, delay_s=delay_s)
        return _report(after, result, cause=cause)

    def _post(self, message: Message, headers: Headers) -> tuple[Answer | None, str]:
        """The answer, and what operators may know of it."""
        try:
            answer = self._send(message.url, body=message.body, headers=(*SENT_AS, *headers))
        except SendRefusedError:
            return None, "refused"
        except SendFailedError:
            return None, "failed"
        return answer, str(answer.status)

    def _secret(self, outbox: Outbox, message: Message) -> str | None:
        if message.sealed_secret is None:
            return None
        sealed_for = message.sealed_for or outbox.subject_id
        return self._open_seal(message.sealed_secret, wallet_id=outbox.wallet_id, job_id=sealed_for)

    def _give_up(self, outbox: Outbox, *, cause: str) -> Delivery:
        given_up = outbox.given_up()
        kept = self._outboxes.replace(outbox, given_up)
        return _report(given_up, Result.GIVEN_UP if kept else Result.OVERTAKEN, cause=cause)

    def _postpone(self, outbox: Outbox, *, now_ms: int) -> Delivery:
        spread_ms = round((POSTPONED_MAX_MS - POSTPONED_MIN_MS) * self._random())
        delay_ms = POSTPONED_MIN_MS + spread_ms
        # The due time moves along, or the sweep would take a waiting webhook for a forgotten one.
        if not self._outboxes.replace(outbox, outbox.postponed(until_ms=now_ms + delay_ms)):
            return _report(outbox, Result.OVERTAKEN)
        self._later(outbox.subject_id, delay_s=delay_ms / 1000)
        return _report(outbox, Result.NO_SLOT)


class RecallWebhooks:
    """The sweep: sends for pending webhooks whose own message was lost. May be repeated, may die halfway."""

    def __init__(self, *, outboxes: OutboxStore, later: Later, clock: Clock) -> None:
        self._outboxes = outboxes
        self._later = later
        self._clock = clock

    def __call__(self) -> int:
        """How many were sent for."""
        now_ms = self._clock.now_ms()
        recalled = 0
        for subject_id in self._outboxes.forgotten(now_s=now_ms // 1000):
            outbox = self._outboxes.read(subject_id)
            # The index lags behind: the item itself says whether it is still owed.
            if outbox is None or outbox.owed_by_s is None or outbox.owed_by_s > now_ms // 1000:
                continue
            # Marked first: when the queue is long, no webhook gets a message a minute on top of its own.
            if self._outboxes.replace(outbox, outbox.reminded(now_ms=now_ms)):
                self._later(subject_id)
                recalled += 1
        return recalled


def _outcome(answer: Answer | None) -> Outcome:
    if answer is None:
        return Outcome.UNANSWERED
    return Outcome.DELIVERED if judge(answer.status) is Verdict.DELIVERED else Outcome.REJECTED


def _report(outbox: Outbox, result: Result, *, cause: str | None = None) -> Delivery:
    return Delivery(
        subject_id=outbox.subject_id,
        result=result,
        event_id=outbox.event_id,
        tries=outbox.tries,
        cause=cause,
    )
