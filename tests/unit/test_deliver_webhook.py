"""Delivering a webhook: when it is tried, what counts, and that no death loses one."""

import hashlib
import hmac
from itertools import pairwise

import pytest

from corent.core.errors import NotFoundError, TemporarilyUnavailableError
from corent.core.sending import Answer, SendFailedError, SendRefusedError
from corent.usecases.deliver_webhook import Result
from corent.webhooks.outbox import (
    LEASE_MS,
    LOG_KEPT_MAX,
    ROUND_TRIES_MAX,
    DeliveryStatus,
    Outcome,
    Try,
    bucket_ms,
)
from corent.webhooks.store import SealBrokenError
from tests.fakes import START_MS, ulid
from tests.webhook_world import BODY, EVENT, JOB, SECRET, URL, WALLET, DiedError, World

HOUR_S = 3_600
FAULTS = [Answer(301), Answer(400), Answer(404), Answer(429), Answer(500), SendFailedError("TimeoutError")]


def a_world(*answers: Answer | Exception, signed: bool = True) -> World:
    world = World(signed=signed)
    if answers:
        world.receiver.answers = list(answers)
    return world


# ---- One try -----------------------------------------------------------------------------------------


def test_a_delivered_webhook_is_sent_once_and_no_more() -> None:
    world = a_world()
    assert world.deliver(JOB).result is Result.DELIVERED
    assert world.deliver(JOB).result is Result.NOTHING_OWED
    world.run(until_s=2 * HOUR_S)
    assert len(world.receiver.sent) == 1
    assert world.outbox.status is DeliveryStatus.DELIVERED


def test_the_message_goes_signed_to_the_callers_address() -> None:
    world = a_world()
    world.deliver(JOB)
    (sent,) = world.receiver.sent
    assert (sent.url, sent.body) == (URL, BODY)
    assert sent.headers["webhook-id"] == EVENT
    assert sent.headers["webhook-timestamp"] == str(START_MS // 1000)
    assert sent.headers["X-Corent-Signature"] == hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()
    assert sent.headers["Content-Type"] == "application/json"


def test_without_a_secret_it_goes_unsigned() -> None:
    world = a_world(signed=False)
    world.deliver(JOB)
    assert "open_seal" not in world.calls.made
    assert not [name for name in world.receiver.sent[0].headers if "signature" in name.lower()]


def test_a_secret_that_does_not_open_never_goes_out_unsigned() -> None:
    world = a_world()

    def broken(_sealed: str) -> str:
        raise SealBrokenError("canary")

    world.opens = broken
    assert world.deliver(JOB).cause == "seal_broken"
    assert world.receiver.sent == []
    assert world.outbox.status is DeliveryStatus.UNDELIVERED


def test_a_secret_that_cannot_be_read_just_now_costs_no_try() -> None:
    world = a_world()

    def unavailable(_sealed: str) -> str:
        raise TemporarilyUnavailableError("later")

    world.opens = unavailable
    with pytest.raises(TemporarilyUnavailableError):
        world.deliver(JOB)
    assert (world.outbox.tries, world.outbox.status) == (0, DeliveryStatus.PENDING)
    assert set(world.slots.until_ms.values()) == {0}


def test_what_has_nothing_to_tell_is_given_up_unsent() -> None:
    world = a_world()
    world.told.messages.clear()
    assert world.deliver(JOB).result is Result.GIVEN_UP
    assert (world.receiver.sent, world.outbox.status) == ([], DeliveryStatus.UNDELIVERED)


def test_a_job_that_owes_nothing_is_left_alone() -> None:
    world = a_world()
    assert world.deliver(f"job_{ulid(9)}").result is Result.NOTHING_OWED
    assert world.calls.made == ["read"]


# ---- Retries -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_a_failing_receiver_is_tried_at_ten_sixty_and_six_hundred_seconds(fault: Answer | Exception) -> None:
    world = a_world(fault)
    world.deliver(JOB)
    world.run(until_s=3 * HOUR_S)
    times_ms = [sent.at_ms for sent in world.receiver.sent]
    waits_ms = [after - before for before, after in pairwise(times_ms)]
    assert waits_ms == [10_000 + 40, 60_000 + 40, 600_000 + 40]
    assert world.outbox.status is DeliveryStatus.UNDELIVERED
    assert world.queue.waiting == []


@pytest.mark.parametrize(("random", "first_ms"), [(0.0, 8_000), (0.999_999, 12_000)])
def test_the_waits_are_spread(random: float, first_ms: int) -> None:
    world = World(random=random)
    world.receiver.answers = [Answer(500)]
    world.deliver(JOB)
    assert world.outbox.due_ms - world.clock.now_ms() == pytest.approx(first_ms, abs=1)


def test_a_retry_that_is_taken_ends_it() -> None:
    world = a_world(Answer(500), SendFailedError("x"), Answer(204))
    world.deliver(JOB)
    world.run(until_s=HOUR_S)
    assert len(world.receiver.sent) == 3
    assert world.outbox.status is DeliveryStatus.DELIVERED


def test_every_try_has_the_same_id_and_bytes_and_its_own_time() -> None:
    world = a_world(Answer(500))
    world.deliver(JOB)
    world.run(until_s=HOUR_S)
    sent = world.receiver.sent
    assert {each.headers["webhook-id"] for each in sent} == {EVENT}
    assert {each.body for each in sent} == {BODY}
    assert {each.headers["X-Corent-Signature"] for each in sent} == {sent[0].headers["X-Corent-Signature"]}
    assert len({each.headers["webhook-timestamp"] for each in sent}) == 4
    assert len({each.headers["webhook-signature"] for each in sent}) == 4


def test_gone_is_not_tried_again() -> None:
    world = a_world(Answer(410))
    assert world.deliver(JOB).result is Result.GIVEN_UP
    world.run(until_s=HOUR_S)
    assert len(world.receiver.sent) == 1
    assert world.outbox.status is DeliveryStatus.UNDELIVERED


@pytest.mark.parametrize(
    ("asked_s", "waited_s"), [(5.0, 10), (300.0, 300), (3_000.0, 3_000), (90_000.0, 3_600)]
)
def test_retry_after_is_obeyed_up_to_an_hour(asked_s: float, waited_s: int) -> None:
    world = a_world(Answer(503, retry_after_s=asked_s), Answer(200))
    world.deliver(JOB)
    world.run(until_s=2 * HOUR_S)
    first, second = (sent.at_ms for sent in world.receiver.sent)
    assert second - first == waited_s * 1000 + 40


def test_an_address_that_may_not_be_called_today_is_judged_again_at_every_try() -> None:
    world = a_world(SendRefusedError("its name leads inside"), Answer(200))
    assert world.deliver(JOB).cause == "refused"
    world.run(until_s=HOUR_S)
    assert world.outbox.status is DeliveryStatus.DELIVERED


def test_a_message_that_comes_early_is_put_back_for_the_rest() -> None:
    world = a_world(Answer(500))
    world.deliver(JOB)
    world.queue.waiting.clear()
    world.clock.sleep(4)
    assert world.deliver(JOB).result is Result.NOT_DUE
    assert world.queue.waiting == [(world.outbox.due_ms, JOB)]
    assert len(world.receiver.sent) == 1


# ---- Twice at once, and deaths -----------------------------------------------------------------------


def test_a_second_worker_does_not_send_while_the_first_one_does() -> None:
    world = a_world()
    results = []
    take = world.receiver

    def send(url: str, *, body: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
        results.append(world.deliver(JOB).result)
        return take(url, body=body, headers=headers)

    world.deliver._send = send
    world.deliver(JOB)
    assert results == [Result.NOT_DUE]
    assert len(world.receiver.sent) == 1


def test_of_two_workers_that_read_the_same_only_one_sends() -> None:
    world = a_world()
    results = []

    def overtaken(_sealed: str) -> str:
        world.opens = lambda _: SECRET
        results.append(world.deliver(JOB).result)
        return SECRET

    world.opens = overtaken
    results.append(world.deliver(JOB).result)
    assert results == [Result.DELIVERED, Result.OVERTAKEN]
    assert len(world.receiver.sent) == 1


def test_a_worker_that_wakes_after_its_lease_does_not_undo_what_came_after() -> None:
    world = a_world(Answer(500), Answer(200))
    take = world.receiver

    def slow(url: str, *, body: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
        world.deliver._send = take
        answer = take(url, body=body, headers=headers)
        world.clock.sleep(LEASE_MS / 1000)
        assert world.deliver(JOB).result is Result.DELIVERED
        return answer

    world.deliver._send = slow
    assert world.deliver(JOB).result is Result.OVERTAKEN
    assert world.outbox.status is DeliveryStatus.DELIVERED


def calls_of(*answers: Answer | Exception) -> list[str]:
    world = a_world(*answers)
    world.deliver(JOB)
    return world.calls.made


PLACES = [
    (answer, place, after)
    for answer in (Answer(200), Answer(500))
    for place in range(len(calls_of(answer)))
    for after in (False, True)
]


@pytest.mark.parametrize(("first", "place", "after"), PLACES)
def test_wherever_a_worker_dies_the_webhook_is_delivered_all_the_same(
    first: Answer, place: int, after: bool
) -> None:
    world = a_world(first, Answer(200))
    world.calls.dies_at, world.calls.dies_after = place, after
    with pytest.raises(DiedError):
        world.deliver(JOB)
    sent_before = len(world.receiver.sent)
    world.calls.revive()
    # Its message is lost with it: only the sweep is left.
    world.queue.waiting.clear()
    world.run(until_s=HOUR_S)
    assert world.outbox.status is DeliveryStatus.DELIVERED
    assert {sent.headers["webhook-id"] for sent in world.receiver.sent} == {EVENT}
    assert len(world.receiver.sent) <= sent_before + 2
    assert world.queue.waiting == []


def test_a_death_between_send_and_mark_gives_a_duplicate_with_the_same_id() -> None:
    world = a_world()
    world.calls.dies_at, world.calls.dies_after = calls_of().index("send"), True
    with pytest.raises(DiedError):
        world.deliver(JOB)
    world.calls.revive()
    world.run(until_s=HOUR_S)
    first, second = world.receiver.sent
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert world.outbox.status is DeliveryStatus.DELIVERED


def test_a_death_in_the_last_try_leads_to_another_one() -> None:
    world = a_world(Answer(500), Answer(500), Answer(500), Answer(200))
    world.deliver(JOB)
    while len(world.receiver.sent) < 3:
        world.run(until_s=60)
    world.calls.dies_at = len(world.calls.made) + calls_of().index("send")
    world.clock.time_ms = world.outbox.due_ms
    world.queue.waiting.clear()
    with pytest.raises(DiedError):
        world.deliver(JOB)
    world.calls.revive()
    world.run(until_s=HOUR_S)
    assert world.outbox.status is DeliveryStatus.DELIVERED


def test_a_message_that_kills_every_worker_is_given_up() -> None:
    world = a_world()
    for _ in range(ROUND_TRIES_MAX):
        world.calls.made.clear()
        world.calls.dies_at = calls_of().index("send")
        with pytest.raises(DiedError):
            world.deliver(JOB)
        world.calls.revive()
        world.clock.sleep(LEASE_MS / 1000)
    assert world.deliver(JOB).cause == "workers_died"
    assert world.outbox.status is DeliveryStatus.UNDELIVERED


# ---- One wallet's slots ------------------------------------------------------------------------------


def test_without_a_free_slot_it_comes_back_in_seconds_and_no_try_is_counted() -> None:
    world = a_world()
    for slot in range(5):
        world.slots.until_ms[WALLET, slot] = world.clock.now_ms() + 20_000
    assert world.deliver(JOB).result is Result.NO_SLOT
    ((at_ms, _),) = world.queue.waiting
    assert 3_000 <= at_ms - world.clock.now_ms() <= 8_000
    assert (world.outbox.tries, world.receiver.sent) == (0, [])
    world.run(until_s=60)
    assert world.outbox.status is DeliveryStatus.DELIVERED


def test_what_waits_for_a_slot_is_not_forgotten_to_the_sweep() -> None:
    world = a_world()
    for slot in range(5):
        world.slots.until_ms[WALLET, slot] = world.clock.now_ms() + 600_000
    world.deliver(JOB)
    world.run(until_s=550)
    assert len(world.queue.waiting) == 1


def test_a_wallet_has_five_messages_under_way_and_no_more() -> None:
    world = a_world(signed=False)
    jobs = [f"job_{ulid(number)}" for number in range(1, 8)]
    for job_id in jobs:
        world.told.messages[job_id] = world.told.messages[JOB]
        world.owe(job_id)
    take, waiting, results = world.receiver, iter(jobs), []

    def deliver_next() -> None:
        if job_id := next(waiting, None):
            results.append(world.deliver(job_id).result)

    def send(url: str, *, body: bytes, headers: tuple[tuple[str, str], ...]) -> Answer:
        deliver_next()
        return take(url, body=body, headers=headers)

    world.deliver._send = send
    deliver_next()
    assert results == [Result.NO_SLOT] + [Result.DELIVERED] * 5


def test_a_full_wallet_does_not_keep_another_one_waiting() -> None:
    world = a_world(signed=False)
    for slot in range(5):
        world.slots.until_ms[WALLET, slot] = world.clock.now_ms() + 20_000
    other = f"job_{ulid(2)}"
    world.told.messages[other] = world.told.messages[JOB]
    world.owe(other, wallet_id="acct_2")
    assert world.deliver(other).result is Result.DELIVERED


@pytest.mark.parametrize("answer", [Answer(200), Answer(500), SendFailedError("x")])
def test_the_slot_is_free_again_after_the_try(answer: Answer | Exception) -> None:
    world = a_world(answer)
    world.deliver(JOB)
    assert set(world.slots.until_ms.values()) == {0}


# ---- The sweep ---------------------------------------------------------------------------------------


def test_the_sweep_leaves_what_is_not_overdue() -> None:
    world = a_world(Answer(500))
    world.deliver(JOB)
    world.queue.waiting.clear()
    assert world.recall() == 0
    world.clock.sleep(10 + 61)
    assert world.recall() == 1


def test_the_sweep_reminds_of_one_webhook_at_most_every_five_minutes() -> None:
    world = a_world()
    world.clock.sleep(61)
    reminders = 0
    for _ in range(10):
        reminders += world.recall()
        world.clock.sleep(60)
    assert reminders == 2


@pytest.mark.parametrize("answer", [Answer(200), Answer(500)], ids=["ended", "not due yet"])
def test_the_sweep_believes_the_item_and_not_the_index(answer: Answer) -> None:
    world = a_world(answer)
    world.deliver(JOB)
    world.outboxes.index = [JOB, f"job_{ulid(9)}"]
    assert world.recall() == 0


# ---- Redelivery --------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [Answer(200), Answer(410)])
def test_redelivery_sends_the_same_event_again(first: Answer) -> None:
    world = a_world(first, Answer(200))
    world.deliver(JOB)
    assert world.redeliver(JOB).status is DeliveryStatus.PENDING
    world.run(until_s=60)
    assert [sent.headers["webhook-id"] for sent in world.receiver.sent] == [EVENT, EVENT]
    assert world.outbox.status is DeliveryStatus.DELIVERED
    assert (world.outbox.tries, len(world.outbox.log)) == (2, 2)


def test_redelivery_has_four_tries_of_its_own() -> None:
    world = a_world(Answer(500))
    world.deliver(JOB)
    world.run(until_s=HOUR_S)
    world.redeliver(JOB)
    world.run(until_s=HOUR_S)
    assert len(world.receiver.sent) == 8
    assert world.outbox.status is DeliveryStatus.UNDELIVERED


def test_asking_twice_for_redelivery_makes_one_round() -> None:
    world = a_world()
    world.deliver(JOB)
    world.redeliver(JOB)
    world.redeliver(JOB)
    world.run(until_s=HOUR_S)
    assert len(world.receiver.sent) == 2


def test_a_redelivery_of_what_is_pending_changes_nothing() -> None:
    world = a_world(Answer(500))
    world.deliver(JOB)
    before, waiting = world.outbox, list(world.queue.waiting)
    assert world.redeliver(JOB) == world.outbox == before
    assert world.queue.waiting == waiting


def test_redelivering_what_was_never_owed_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        a_world().redeliver(f"job_{ulid(9)}")


def test_a_redelivery_whose_message_is_lost_is_found_by_the_sweep() -> None:
    world = a_world()
    world.deliver(JOB)
    world.redeliver(JOB)
    world.queue.waiting.clear()
    world.run(until_s=300)
    assert len(world.receiver.sent) == 2


# ---- What is told about it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "outcome", "status_class"),
    [
        (Answer(204), Outcome.DELIVERED, "2xx"),
        (Answer(302), Outcome.REJECTED, "3xx"),
        (Answer(410), Outcome.REJECTED, "4xx"),
        (Answer(503), Outcome.REJECTED, "5xx"),
        (SendFailedError("ConnectionRefusedError at 10.0.0.1"), Outcome.UNANSWERED, None),
        (SendRefusedError("its name leads to 169.254.169.254"), Outcome.UNANSWERED, None),
    ],
)
def test_the_log_tells_the_class_of_the_answer_and_a_bucket_of_the_time(
    answer: Answer | Exception, outcome: Outcome, status_class: str | None
) -> None:
    world = a_world(answer)
    world.receiver.takes_ms = 1_234
    world.deliver(JOB)
    assert world.outbox.log == (
        Try(at_ms=START_MS, outcome=outcome, status_class=status_class, duration_ms=2_500),
    )


@pytest.mark.parametrize(
    ("duration_ms", "bucket"), [(0, 100), (100, 100), (101, 250), (9_999, 10_000), (10_400, 10_000)]
)
def test_a_duration_is_told_as_the_bucket_it_lies_in(duration_ms: int, bucket: int) -> None:
    assert bucket_ms(duration_ms) == bucket


def test_the_log_keeps_the_newest_tries() -> None:
    world = a_world(Answer(410))
    for _ in range(LOG_KEPT_MAX + 5):
        world.deliver(JOB)
        world.redeliver(JOB)
    assert len(world.outbox.log) == LOG_KEPT_MAX
    assert world.outbox.tries == LOG_KEPT_MAX + 5
    assert world.outbox.log[-1].at_ms > world.outbox.log[0].at_ms > START_MS


@pytest.mark.parametrize("answer", [Answer(200), Answer(500), SendRefusedError(URL), SendFailedError(URL)])
def test_nothing_that_may_be_logged_holds_address_secret_or_body(answer: Answer | Exception) -> None:
    world = a_world(answer)
    report = world.deliver(JOB)
    shown = repr((report, world.outbox, world.told.messages[JOB], world.deliver, world.queue.waiting))
    assert JOB in shown
    assert "canary" not in shown
    assert "sealed'" not in shown
