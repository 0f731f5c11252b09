"""Batches: bought whole, carried job by job, cancelled, taken over, and ended once."""

from dataclasses import replace
from typing import Any

import pytest

from corent.core.errors import (
    IdempotencyKeyReusedError,
    InsufficientFundsError,
    InternalError,
    InvalidRequestError,
    JobNotCancellableError,
    KeyLimitReachedError,
    MaxCostExceededError,
    NotFoundError,
    TemporarilyUnavailableError,
    TierUnavailableError,
    TooManyOpenJobsError,
)
from corent.core.fetching import FetchRefusedError
from corent.core.sending import SendRefusedError
from corent.core.tiers import AspectRatio, Kind
from corent.core.upstream import Failure
from corent.jobs.batch import CONCURRENCY, Batch, BatchState, batch_deadline_ms, job_id_at
from corent.jobs.batch_document import batch_document
from corent.jobs.job import IMAGE_DEADLINE_MS, TERMINAL, JobFailure, JobState
from corent.usecases.buy_batch import BatchItem
from corent.usecases.callers_webhooks import WebhookRequest
from corent.usecases.carry_batch import BatchOpenError
from corent.usecases.webhook_messages import WebhookMessages
from tests.fakes import START_MS, a_batch, ulid
from tests.image_world import (
    FIRST,
    ORDER,
    PRICE,
    FakeOffers,
    World,
    a_caller,
    an_offer,
    delivers,
    works,
)
from tests.memory_watching import MemoryNotices

HOOK = WebhookRequest(url="https://hooks.example/in", secret="a secret of sixteen")
OTHER_CALLER = replace(a_caller(), wallet_id="acct_2")


def orders(count: int = 3) -> list[Any]:
    return [replace(ORDER, prompt=f"fox {number}") for number in range(count)]


def available(world: World) -> int:
    return world.ledger.balance("acct_1").available_micros


def states(world: World, batch: Batch) -> list[JobState]:
    return [job.state for job in world.books.batch_store.read_jobs(batch)]


def refuse(error: Exception) -> Any:
    def check(_url: str) -> None:
        raise error

    return check


# ---- Bought ------------------------------------------------------------------------------------------


def test_a_batch_holds_the_price_of_all_its_jobs_and_one_execution_is_started() -> None:
    world = World([delivers()])
    bought = world.buy_batch(*orders())
    balance = world.ledger.balance("acct_1")
    assert (balance.available_micros, balance.held_micros) == (100_000 - 3 * PRICE, 3 * PRICE)
    assert (balance.open_jobs, balance.open_batches, balance.jobs_total) == (0, 1, 3)
    assert world.handed_on == [bought.batch.id]
    assert world.violations() == []


def test_a_batchs_jobs_have_its_time_and_the_order_of_the_request() -> None:
    batch = World([delivers()]).buy_batch(*orders()).batch
    assert batch.job_ids == tuple(sorted(batch.job_ids))
    assert all(job_id[4:14] == batch.id[6:16] for job_id in batch.job_ids)
    assert [job_id_at(batch.id, index=index) for index in range(3)] == list(batch.job_ids)


def test_a_batch_of_ten_times_the_concurrency_has_ten_times_as_long() -> None:
    def deadline(jobs: int) -> int:
        return batch_deadline_ms(created_at_ms=0, jobs=jobs, job_deadline_ms=IMAGE_DEADLINE_MS)

    assert deadline(1) == deadline(CONCURRENCY) == IMAGE_DEADLINE_MS
    assert deadline(CONCURRENCY + 1) == 2 * IMAGE_DEADLINE_MS
    assert deadline(10 * CONCURRENCY) == 10 * IMAGE_DEADLINE_MS


def test_a_batch_that_cannot_be_paid_is_refused_before_a_job_is_staged() -> None:
    world = World([delivers()], credits_micros=3 * PRICE - 1)
    with pytest.raises(InsufficientFundsError) as refused:
        world.buy_batch(*orders())
    assert refused.value.details == {"required_cents": 6, "available_cents": 5}
    assert (world.books.staged, world.books.batches, world.handed_on) == ({}, {}, [])


def test_a_batch_above_the_keys_limit_is_refused_before_a_job_is_staged() -> None:
    world = World([delivers()])
    with pytest.raises(KeyLimitReachedError):
        world.buy_batch(*orders(), caller=a_caller(limit_micros=3 * PRICE - 1))
    assert world.books.staged == {}


def test_a_fourth_batch_in_work_is_refused_and_single_jobs_are_not() -> None:
    world = World([delivers()], credits_micros=1_000_000)
    for number in range(3):
        world.buy_batch(ORDER, number=10 * number)
    with pytest.raises(TooManyOpenJobsError, match="3 batches"):
        world.buy_batch(ORDER, number=90)
    assert world.buy(number=1).job.state is JobState.COMPLETED


def test_what_a_whole_batch_may_cost_is_a_budget_for_all() -> None:
    world = World([delivers()])
    with pytest.raises(MaxCostExceededError) as refused:
        world.buy_batch(*orders(), max_cost_cents=5)
    assert (refused.value.param, refused.value.details) == ("max_cost_cents", {"required_cents": 6})
    assert world.buy_batch(*orders(), max_cost_cents=6).batch.hold_micros == 3 * PRICE


def test_what_one_item_may_cost_is_said_with_its_place() -> None:
    world = World([delivers()])
    items = [
        BatchItem(order=ORDER, max_cost_cents=2),
        BatchItem(order=replace(ORDER, n=2), max_cost_cents=3),
    ]
    purchase = world.purchase()
    with pytest.raises(MaxCostExceededError) as refused:
        world.buy_all(items, purchase)
    assert refused.value.param == "requests[1].max_cost_cents"


def test_an_item_that_nothing_can_serve_refuses_the_batch_with_its_place() -> None:
    world = World([delivers()], offers=(an_offer("first", aspect_ratios=(AspectRatio.SQUARE,)),))
    with pytest.raises(TierUnavailableError) as refused:
        world.buy_batch(ORDER, replace(ORDER, aspect_ratio=AspectRatio.WIDE))
    assert (refused.value.param, world.books.staged) == ("requests[1]", {})


def test_an_input_image_is_judged_by_its_address_and_fetched_by_its_job() -> None:
    world = World([delivers()])
    world.buy_batch(ORDER, replace(ORDER, image_url="https://pictures.example/a.png"))
    assert world.checked_urls == ["https://pictures.example/a.png"]


def test_an_address_that_may_not_be_called_refuses_the_batch_with_its_place() -> None:
    world = World([delivers()])
    world.buy_all._check_url = refuse(FetchRefusedError("loopback"))
    with pytest.raises(InvalidRequestError) as refused:
        world.buy_batch(ORDER, replace(ORDER, image_url="https://127.0.0.1/a.png"))
    assert (refused.value.code, refused.value.param) == ("invalid_image_url", "requests[1].image_url")


def test_a_webhook_address_that_may_not_be_called_refuses_the_batch() -> None:
    world = World([delivers()])
    world.webhooks.check = refuse(SendRefusedError("loopback"))  # type: ignore[method-assign]
    with pytest.raises(InvalidRequestError) as refused:
        world.buy_batch(ORDER, webhook=HOOK)
    assert (refused.value.param, world.books.batches) == ("webhook_url", {})


def test_a_batchs_webhook_secret_is_sealed_for_the_batch() -> None:
    batch = World([delivers()]).buy_batch(ORDER, webhook=HOOK).batch
    assert batch.webhook is not None
    assert batch.webhook.sealed_secret == f"acct_1 {batch.id} {'a secret of sixteen'[::-1]}"


def test_a_repeat_with_the_same_key_is_the_same_batch() -> None:
    world = World([delivers()])
    first = world.buy_batch(*orders(), idempotency_key="once")
    world.handed_on.clear()
    again = world.buy_batch(*orders(), number=700, idempotency_key="once")
    assert (again.batch.id, again.replayed) == (first.batch.id, True)
    assert [job.id for job in again.jobs] == [job.id for job in first.jobs]
    assert (available(world), world.handed_on) == (100_000 - 3 * PRICE, [])


def test_a_repeat_is_answered_although_the_money_for_another_is_gone() -> None:
    world = World([delivers()], credits_micros=3 * PRICE)
    world.buy_batch(*orders(), idempotency_key="once")
    assert world.buy_batch(*orders(), number=700, idempotency_key="once").replayed


def test_two_requests_with_one_key_at_once_buy_one_batch() -> None:
    world = World([delivers()])
    bought: list[Any] = []
    stage = world.books.batch_store.stage

    class Racing:
        """While the second stages its jobs, the first is done."""

        def __getattr__(self, name: str) -> Any:
            return getattr(world.books.batch_store, name)

        def stage(self, jobs: Any) -> None:
            stage(jobs)
            world.buy_all._batches = world.books.batch_store
            bought.append(world.buy_batch(*orders(), number=700, idempotency_key="once"))

    world.buy_all._batches = Racing()
    second = world.buy_batch(*orders(), idempotency_key="once")
    assert (second.replayed, second.batch.id) == (True, bought[0].batch.id)
    assert (available(world), world.violations()) == (100_000 - 3 * PRICE, [])


def test_a_key_that_bought_something_else_buys_no_batch() -> None:
    world = World([delivers()])
    world.buy(idempotency_key="once", fingerprint="an image")
    with pytest.raises(IdempotencyKeyReusedError):
        world.buy_batch(ORDER, idempotency_key="once", fingerprint="a batch")


# ---- Carried -----------------------------------------------------------------------------------------


def test_a_batch_charges_what_was_delivered_and_gives_back_the_rest() -> None:
    world = World([delivers(), Failure.REFUSED, delivers()], offers=(FIRST,))
    batch = world.carry_batch(world.buy_batch(*orders(), webhook=HOOK).batch.id)
    assert states(world, batch) == [JobState.COMPLETED, JobState.FAILED, JobState.COMPLETED]
    assert (batch.state, batch.finished_at_ms) == (BatchState.COMPLETED, world.clock.now_ms())
    assert available(world) == 100_000 - 2 * PRICE
    assert world.books.owed == [batch.id]
    assert world.violations() == []


def test_a_batchs_jobs_tell_no_webhook_of_their_own() -> None:
    world = World([delivers()])
    batch = world.carry_batch(world.buy_batch(*orders(), webhook=HOOK).batch.id)
    assert [job.webhook for job in world.books.batch_store.read_jobs(batch)] == [None, None, None]


def test_a_batch_without_a_webhook_owes_none() -> None:
    world = World([delivers()])
    world.carry_batch(world.buy_batch(*orders()).batch.id)
    assert world.books.owed == []


def test_an_ended_batch_makes_room_for_another() -> None:
    world = World([delivers()], credits_micros=1_000_000)
    for number in range(4):
        world.carry_batch(world.buy_batch(ORDER, number=10 * number).batch.id)
    assert world.ledger.balance("acct_1").open_batches == 0


def test_beginning_again_gives_the_jobs_that_have_not_ended() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    world.later.batches.begin(batch.id)
    world.carry(batch.job_ids[0])
    assert world.later.batches.begin(batch.id) == list(batch.job_ids[1:])


def test_a_batch_does_not_end_before_its_last_job() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    for job_id in world.later.batches.begin(batch.id)[:2]:
        world.carry(job_id)
    with pytest.raises(BatchOpenError):
        world.later.batches.close(batch.id)
    assert world.books.batches[batch.id].state is BatchState.PROCESSING


def test_a_batch_that_lacks_a_job_is_not_ended() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    world.later.batches.begin(batch.id)
    jobs = world.books.batch_store.read_jobs(batch)[:2]
    with pytest.raises(InternalError):
        world.later.batches._settle(batch, jobs)


def test_what_begins_or_closes_no_batch_does_nothing() -> None:
    world = World([delivers()])
    unknown = f"batch_{ulid(1)}"
    assert (world.later.batches.begin(unknown), world.later.batches.close(unknown)) == ([], None)
    assert world.later.end_execution(unknown, timed_out=False) is None


# ---- What nobody carries -----------------------------------------------------------------------------


def test_a_batch_that_nobody_started_is_started_by_the_sweep() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    world.handed_on.clear()
    world.clock.time_ms += 31_000
    report = world.sweep()
    assert (report.batches, world.handed_on) == (1, [batch.id])
    assert not world.books.staged


def test_the_jobs_of_a_broken_batch_are_started_one_by_one_and_the_sweep_ends_it() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders(), webhook=HOOK).batch
    world.later.batches.begin(batch.id)
    world.carry(batch.job_ids[0])
    world.handed_on.clear()
    assert world.later.end_execution(batch.id, timed_out=False) == "processing"
    assert world.handed_on == list(batch.job_ids[1:])
    for job_id in batch.job_ids[1:]:
        world.carry(job_id)
    world.clock.time_ms += 61_000
    world.sweep()
    assert world.books.batches[batch.id].state is BatchState.COMPLETED
    assert (world.books.owed, world.violations()) == ([batch.id], [])


def test_a_batch_past_its_deadline_is_ended_with_what_it_has() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    world.later.batches.begin(batch.id)
    world.carry(batch.job_ids[0])
    world.clock.time_ms += 3_600_000
    world.sweep()
    jobs = world.books.batch_store.read_jobs(batch)
    assert [job.failure for job in jobs] == [None, *[JobFailure.DEADLINE_EXCEEDED] * 2]
    assert world.books.batches[batch.id].state is BatchState.COMPLETED
    assert available(world) == 100_000 - PRICE


def test_a_batch_under_way_is_left_alone_by_the_sweep() -> None:
    world = World([works()], offers=(an_offer("first", asynchronous=True),))
    batch = world.buy_batch(*orders()).batch
    world.later.batches.begin(batch.id)
    world.clock.time_ms += 100_000
    assert world.sweep().batches == 0


def test_one_batch_whose_money_does_not_add_up_keeps_no_other_from_being_swept() -> None:
    world = World([delivers()], credits_micros=1_000_000)
    broken = world.buy_batch(ORDER, number=10).batch
    world.later.batches.begin(broken.id)
    world.carry(broken.job_ids[0])
    sound = world.buy_batch(ORDER, number=20).batch
    balance = world.books.balances["acct_1"]
    world.books.batches[broken.id] = replace(broken, size=2, begun=True)
    world.books.staged[job_id_at(broken.id, index=1)] = replace(
        a_batch(10)[1][0], id=job_id_at(broken.id, index=1), batch_id="batch_none", staged=False
    )
    world.clock.time_ms += 3_600_000
    with pytest.raises(InternalError):
        world.sweep()
    assert world.books.batches[sound.id].state is BatchState.COMPLETED
    assert world.books.balances["acct_1"].version > balance.version


# ---- Cancelled ---------------------------------------------------------------------------------------


def test_a_cancelled_batch_keeps_what_was_delivered_and_gives_the_rest_back() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders(), webhook=HOOK).batch
    world.later.batches.begin(batch.id)
    world.carry(batch.job_ids[0])
    cancelled = world.cancel_batch(batch.id, caller=a_caller())
    assert cancelled.batch.state is BatchState.CANCELLED
    assert cancelled.jobs == world.books.batch_store.read_jobs(batch)
    assert states(world, batch) == [JobState.COMPLETED, JobState.CANCELLED, JobState.CANCELLED]
    assert (available(world), world.books.owed) == (100_000 - PRICE, [batch.id])
    assert world.violations() == []


def test_a_batch_can_be_cancelled_before_it_has_begun() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    assert world.cancel_batch(batch.id, caller=a_caller()).batch.state is BatchState.CANCELLED
    assert (world.later.batches.begin(batch.id), available(world)) == ([], 100_000)
    assert (world.submits, world.violations()) == (0, [])


def test_cancelling_a_cancelled_batch_again_changes_nothing() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    world.cancel_batch(batch.id, caller=a_caller())
    before = world.books.batches[batch.id]
    world.clock.time_ms += 1_000
    assert world.cancel_batch(batch.id, caller=a_caller()).batch == before


def test_a_completed_batch_cannot_be_cancelled() -> None:
    world = World([delivers()])
    batch = world.carry_batch(world.buy_batch(*orders()).batch.id)
    with pytest.raises(JobNotCancellableError):
        world.cancel_batch(batch.id, caller=a_caller())


def test_a_batch_whose_jobs_have_all_ended_completes_under_a_cancel() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    for job_id in world.later.batches.begin(batch.id):
        world.carry(job_id)
    with pytest.raises(JobNotCancellableError):
        world.cancel_batch(batch.id, caller=a_caller())
    assert world.books.batches[batch.id].state is BatchState.COMPLETED


def test_another_accounts_batch_cannot_be_cancelled_or_seen() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    with pytest.raises(NotFoundError):
        world.cancel_batch(batch.id, caller=OTHER_CALLER)
    assert states(world, batch) == [JobState.QUEUED] * 3


@pytest.mark.parametrize("batch_id", ["", "batch_", "job_01", f"job_{ulid(1)}", f"batch_{ulid(1)}x"])
def test_a_malformed_batch_id_is_not_found(batch_id: str) -> None:
    with pytest.raises(NotFoundError):
        World([delivers()]).cancel_batch(batch_id, caller=a_caller())


def test_the_sweep_finishes_a_cancel_that_ran_out_of_time() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    world.later.batches.begin(batch.id)
    monotonic_s = world.clock.monotonic_s
    asked = iter([0.0, 1.0, 30.0])
    world.clock.monotonic_s = lambda: next(asked, monotonic_s())  # type: ignore[method-assign]
    assert world.cancel_batch(batch.id, caller=a_caller()).batch.state is BatchState.PROCESSING
    assert states(world, batch) == [JobState.QUEUED, JobState.QUEUED, JobState.CANCELLED]
    world.clock.monotonic_s = monotonic_s  # type: ignore[method-assign]
    world.clock.time_ms += 31_000
    world.sweep()
    assert world.books.batches[batch.id].state is BatchState.CANCELLED
    assert available(world) == 100_000


def test_a_cancel_while_the_batch_is_being_ended_decides_what_it_ends_as() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders(2), webhook=HOOK).batch
    world.later.batches.begin(batch.id)
    read = world.books.batches[batch.id]
    world.books.batch_store.advance(batch.id, look_at_s=0, stopping=True)
    for job in world.books.batch_store.read_jobs(batch):
        world.cancel_job(job.id, caller=a_caller())
    # Read before the mark, its jobs after they were cancelled.
    ended = world.later.batches._settle(read, world.books.batch_store.read_jobs(batch))
    assert ended.state is BatchState.CANCELLED
    assert (world.books.batches[batch.id], world.books.owed) == (ended, [batch.id])


def test_one_job_of_a_batch_can_be_cancelled_before_the_batch_has_begun() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    assert world.cancel_job(batch.job_ids[1], caller=a_caller()).state is JobState.CANCELLED
    ended = world.carry_batch(batch.id)
    assert ended.state is BatchState.COMPLETED
    assert states(world, batch) == [JobState.COMPLETED, JobState.CANCELLED, JobState.COMPLETED]
    assert (available(world), world.violations()) == (100_000 - 2 * PRICE, [])


def test_an_execution_that_waits_is_told_of_its_batchs_cancel() -> None:
    world = World([works()], offers=(an_offer("first", asynchronous=True),))
    batch = world.buy_batch(ORDER).batch
    world.later.batches.begin(batch.id)
    world.machine.at(START_MS + 4_000, lambda: world.cancel_batch(batch.id, caller=a_caller()))
    world.execute(batch.job_ids[0])
    # Not at the next poll, which would come seconds later.
    assert world.clock.now_ms() < START_MS + 6_000


# ---- Shown -------------------------------------------------------------------------------------------


def test_the_batch_document_counts_its_jobs_and_what_they_cost() -> None:
    world = World([delivers(), Failure.REFUSED, delivers()], offers=(FIRST,))
    batch = world.carry_batch(world.buy_batch(*orders()).batch.id)
    jobs = world.books.batch_store.read_jobs(batch)
    document = batch_document(batch, jobs, public_base_url="https://us.example", now_ms=START_MS)
    counts = {"queued": 0, "processing": 0, "completed": 2, "failed": 1, "cancelled": 0}
    assert document["counts"] == {"total": 3, **counts}
    assert (document["status"], document["quote_cents"], document["cost_cents"]) == ("completed", 6, 4)
    assert [entry["index"] for entry in document["jobs"]] == [0, 1, 2]
    assert [entry["id"] for entry in document["jobs"]] == list(batch.job_ids)
    assert [entry["job"]["status"] for entry in document["jobs"]] == ["completed", "failed", "completed"]


def test_a_waiting_jobs_progress_begins_when_its_turn_comes() -> None:
    world = World([delivers()])
    batch = world.buy_batch(*orders()).batch
    jobs = world.books.batch_store.read_jobs(batch)
    document = batch_document(batch, jobs, public_base_url="", now_ms=START_MS + 60_000)
    assert {entry["job"]["meta"]["progress_percent"] for entry in document["jobs"]} == {0}


def test_a_batchs_webhook_says_what_a_poll_of_the_ended_batch_says() -> None:
    world = World([delivers()])
    messages = WebhookMessages(
        jobs=world.books,
        batches=world.books.batch_store,
        notices=MemoryNotices(world.books),
        public_base_url="https://us.example",
    )
    batch = world.buy_batch(*orders(), webhook=HOOK).batch
    assert messages.read(batch.id) is None
    ended = world.carry_batch(batch.id)
    message = messages.read(batch.id)
    assert message is not None
    assert message.url == HOOK.url
    assert b'"status":"completed"' in message.body
    assert message.body.count(b'"kind":"image"') == ended.size


def test_a_batch_is_of_one_kind() -> None:
    assert World([delivers()]).buy_batch(*orders()).batch.kind is Kind.IMAGE


def test_a_batch_whose_start_fails_is_answered_all_the_same() -> None:
    world = World([delivers()])

    def fail(_batch_id: str) -> None:
        raise TemporarilyUnavailableError("no")

    world.buy_all._start = fail
    bought = world.buy_batch(ORDER)
    assert bought.batch.id in world.books.batches
    assert not {job.state for job in bought.jobs} & TERMINAL


def test_nothing_on_offer_refuses_a_batch() -> None:
    world = World([delivers()])
    world.offers.offers = FakeOffers(()).offers
    with pytest.raises(TierUnavailableError):
        world.buy_batch(ORDER)
