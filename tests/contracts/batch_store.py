"""What every store must do for batches: each condition of each write, met and broken on its own."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from corent.core.idempotency import IdempotencyClaim
from corent.jobs.batch import Batch, BatchEnd, BatchState
from corent.jobs.job import Job, JobState, Webhook
from corent.ledger.entries import EntryKind, hold_key
from corent.ledger.store import HoldWrite, JobSums, KeyLimit
from tests.contracts.ledger_store import COMPLETED, FAILED, NOW_S, Store, entry, fund, refused, settle
from tests.fakes import START_MS, a_batch, a_job, ulid

CLOSED = BatchEnd(
    state=BatchState.COMPLETED, finished_at_ms=START_MS + 5_000, owes_webhook=False, stopping=False
)
A_DAY_S = 86_400


def buy(store: Store, batch: Batch, jobs: list[Job], **changes: Any) -> None:
    """Stage the jobs and hold the price of all."""
    store.batch_store.stage(jobs)
    hold = replace(
        entry(EntryKind.HOLD, hold_key(batch.id), amount=batch.hold_micros, ref=batch.id), jobs=batch.size
    )
    fields: dict[str, Any] = {
        "entry": hold,
        "purchase_id": batch.id,
        "now_s": NOW_S,
        "open_max": 3,
        "idempotency": None,
        "key_limit": None,
    }
    store.write_batch_hold(HoldWrite(**{**fields, **changes}), batch)


def a_bought_batch(store: Store, *, size: int = 3) -> tuple[Batch, list[Job]]:
    fund(store)
    batch, jobs = a_batch(size=size)
    buy(store, batch, jobs)
    return batch, jobs


def figures(store: Store) -> tuple[int, ...]:
    balance = store.read_balance("acct_1")
    balance.check()
    return (
        balance.available_micros,
        balance.held_micros,
        balance.open_jobs,
        balance.open_batches,
        balance.jobs_total,
        balance.version,
    )


def a_staged_job_is_nowhere_until_its_batch_is_bought(store: Store) -> None:
    fund(store)
    batch, jobs = a_batch()
    store.batch_store.stage(jobs)
    assert [store.read(job.id) for job in jobs] == [None, None, None]
    assert store.batch_store.read(batch.id) is None
    assert store.list_by_wallet("acct_1", limit=10, before=None).jobs == ()
    assert list(store.due(now_s=NOW_S + A_DAY_S)) == []


def a_bought_batch_has_its_jobs_and_holds_their_price(store: Store) -> None:
    batch, jobs = a_bought_batch(store)
    assert store.batch_store.read(batch.id) == batch
    assert store.batch_store.read_jobs(batch) == tuple(jobs)
    assert store.read(jobs[1].id) == jobs[1]
    assert figures(store) == (40_000, 60_000, 0, 1, 3, 2)
    assert store.read_entry("acct_1", key=hold_key(batch.id)).jobs == 3


def a_hundred_jobs_come_back_in_order(store: Store) -> None:
    fund(store, micros=2_000_000)
    batch, jobs = a_batch(size=100)
    buy(store, batch, jobs)
    assert [job.id for job in store.batch_store.read_jobs(batch)] == [job.id for job in jobs]


def every_field_of_a_batch_comes_back(store: Store) -> None:
    fund(store)
    batch, jobs = a_batch()
    batch = replace(batch, webhook=Webhook(url="https://hooks.example/in", sealed_secret="c2VhbGVk"))
    buy(store, batch, jobs)
    assert store.batch_store.read(batch.id) == batch


def an_admitted_job_is_queued_listed_and_due_past_its_deadline(store: Store) -> None:
    _, jobs = a_bought_batch(store)
    store.admit(jobs[0])
    admitted = replace(jobs[0], staged=False)
    assert store.read(jobs[0].id) == admitted
    assert store.list_by_wallet("acct_1", limit=10, before=None).jobs == (admitted,)
    assert jobs[0].id not in list(store.due(now_s=admitted.swept_at_s - 1))
    assert jobs[0].id in list(store.due(now_s=admitted.swept_at_s))


def admitting_again_changes_nothing(store: Store) -> None:
    _, jobs = a_bought_batch(store)
    store.admit(jobs[0])
    store.advance(replace(jobs[0], staged=False), attempts=())
    store.admit(jobs[0])
    assert store.read(jobs[0].id).state is JobState.PROCESSING


def a_job_that_is_not_admitted_cannot_be_settled(store: Store) -> None:
    _, jobs = a_bought_batch(store)
    refused(lambda: settle(store, jobs[0], FAILED))
    assert figures(store)[1] == 60_000


def a_batchs_jobs_settle_one_by_one_and_are_no_open_jobs(store: Store) -> None:
    _, jobs = a_bought_batch(store)
    for job, end in zip(jobs, (COMPLETED, FAILED, COMPLETED), strict=True):
        store.admit(job)
        settle(store, job, end)
    assert figures(store) == (60_000, 0, 0, 1, 3, 5)


def a_batch_is_bought_once(store: Store) -> None:
    batch, jobs = a_bought_batch(store)
    again = replace(entry(EntryKind.HOLD, "hold#another", amount=1, ref=batch.id), jobs=3)
    refused(lambda: buy(store, batch, jobs, entry=again))
    assert figures(store)[1] == 60_000


def a_batch_needs_a_new_entry(store: Store) -> None:
    batch, _ = a_bought_batch(store, size=1)
    other, jobs = a_batch(950, size=1)
    taken = replace(entry(EntryKind.HOLD, hold_key(batch.id), ref=other.id), jobs=1)
    refused(lambda: buy(store, other, jobs, entry=taken))
    assert store.batch_store.read(other.id) is None


def a_batch_is_held_whole_or_refused_whole(store: Store) -> None:
    fund(store, micros=59_999)
    refused(lambda: buy(store, *a_batch()))
    assert figures(store)[:4] == (59_999, 0, 0, 0)


def a_batch_needs_an_active_wallet(store: Store) -> None:
    fund(store)
    store.freeze("acct_1", cause="test")
    refused(lambda: buy(store, *a_batch()))


def a_batch_needs_room_among_the_batches_and_none_among_the_jobs(store: Store) -> None:
    fund(store, micros=1_000_000)
    for number in (1, 2, 3):
        buy(store, *a_batch(100 * number))
    refused(lambda: buy(store, *a_batch(400)))
    assert figures(store)[2:4] == (0, 3)


def a_batch_needs_a_free_idempotency_key(store: Store) -> None:
    fund(store, micros=1_000_000)
    claim = IdempotencyClaim(key_sha256="i", fingerprint="f", expires_at_s=NOW_S + 60)
    batch, jobs = a_batch(100)
    buy(store, batch, jobs, idempotency=claim)
    refused(lambda: buy(store, *a_batch(200), idempotency=claim))
    assert store.read_idempotency("acct_1", key_sha256="i").purchase_id == batch.id


def a_batch_needs_room_in_the_keys_limit(store: Store) -> None:
    fund(store, micros=1_000_000)
    limit = KeyLimit(key_sha256="k", month="202611", limit_micros=100_000)
    buy(store, *a_batch(100), key_limit=limit)
    assert store.read_key_spent_micros(limit) == 60_000
    refused(lambda: buy(store, *a_batch(200), key_limit=limit))


def an_ended_batch_is_counted_no_more(store: Store) -> None:
    batch, _ = a_bought_batch(store)
    store.write_batch_end("acct_1", batch.id, CLOSED)
    ended = store.batch_store.read(batch.id)
    assert (ended.state, ended.finished_at_ms) == (BatchState.COMPLETED, CLOSED.finished_at_ms)
    # No money moved, so there is no entry and no new version.
    assert figures(store) == (40_000, 60_000, 0, 0, 3, 2)


def a_batch_ends_once(store: Store) -> None:
    batch, _ = a_bought_batch(store)
    buy(store, *a_batch(950, size=1))
    store.write_batch_end("acct_1", batch.id, CLOSED)
    refused(lambda: store.write_batch_end("acct_1", batch.id, CLOSED))
    assert figures(store)[3] == 1


def a_batch_that_is_being_cancelled_ends_only_as_such(store: Store) -> None:
    batch, _ = a_bought_batch(store)
    store.batch_store.advance(batch.id, look_at_s=NOW_S, stopping=True)
    refused(lambda: store.write_batch_end("acct_1", batch.id, CLOSED))
    store.write_batch_end("acct_1", batch.id, replace(CLOSED, state=BatchState.CANCELLED, stopping=True))
    assert store.batch_store.read(batch.id).state is BatchState.CANCELLED


def a_batch_that_is_not_cancelled_does_not_end_as_if(store: Store) -> None:
    batch, _ = a_bought_batch(store)
    refused(lambda: store.write_batch_end("acct_1", batch.id, replace(CLOSED, stopping=True)))
    assert store.batch_store.read(batch.id).state is BatchState.PROCESSING


def a_batch_that_is_not_counted_cannot_end(store: Store) -> None:
    fund(store)
    store.open_wallet("acct_2", at_ms=START_MS)
    batch, jobs = a_batch()
    buy(store, batch, jobs)
    refused(lambda: store.write_batch_end("acct_2", batch.id, CLOSED))
    assert store.batch_store.read(batch.id).state is BatchState.PROCESSING


def a_batch_is_due_soon_and_then_when_it_says(store: Store) -> None:
    batch, _ = a_bought_batch(store)
    assert batch.id in list(store.due(now_s=NOW_S + 30))
    assert store.batch_store.advance(batch.id, look_at_s=NOW_S + 500, begun=True)
    assert batch.id not in list(store.due(now_s=NOW_S + 499))
    assert batch.id in list(store.due(now_s=NOW_S + 500))


def a_batch_keeps_what_it_has_come_to(store: Store) -> None:
    batch, _ = a_bought_batch(store)
    store.batch_store.advance(batch.id, look_at_s=NOW_S, begun=True)
    store.batch_store.advance(batch.id, look_at_s=NOW_S, stopping=True)
    store.batch_store.advance(batch.id, look_at_s=NOW_S)
    kept = store.batch_store.read(batch.id)
    assert (kept.begun, kept.stopping) == (True, True)


def an_ended_batch_does_not_go_on_and_is_not_due(store: Store) -> None:
    batch, _ = a_bought_batch(store)
    store.write_batch_end("acct_1", batch.id, CLOSED)
    assert not store.batch_store.advance(batch.id, look_at_s=NOW_S, stopping=True)
    assert batch.id not in list(store.due(now_s=NOW_S + A_DAY_S))
    assert store.batch_store.read(batch.id).stopping is False


def a_batchs_entries_are_listed_with_the_others_by_time(store: Store) -> None:
    fund(store)
    batch, jobs = a_batch(size=1)
    buy(store, batch, jobs)
    store.admit(jobs[0])
    settle(store, jobs[0], COMPLETED)
    keys = []
    before = None
    while True:
        page, before = store.list_entries("acct_1", limit=1, before=before)
        keys += [each.key for each in page]
        if before is None:
            break
    assert keys == ["promo#opening", f"settle#{jobs[0].id}", f"hold#{batch.id}"]


def sums_count_every_job_of_a_batch(store: Store) -> None:
    batch, jobs = a_bought_batch(store)
    store.admit(jobs[0])
    settle(store, jobs[0], COMPLETED)
    sums = store.sum_jobs("acct_1", since=ulid(0), before=ulid(0, at_ms=START_MS + 1))
    assert sums == JobSums(jobs=3, captured_micros=20_000)
    assert store.sum_jobs("acct_1", since=ulid(0), before=batch.id.removeprefix("batch_")).jobs == 0


def a_batch_does_not_hide_single_jobs(store: Store) -> None:
    fund(store, micros=200_000)
    buy(store, *a_batch())
    single = a_job(1)
    store.write_hold(
        HoldWrite(
            entry=entry(EntryKind.HOLD, hold_key(single.id), ref=single.id),
            purchase_id=single.id,
            now_s=NOW_S,
            open_max=20,
            idempotency=None,
            key_limit=None,
        ),
        single,
    )
    assert figures(store)[2:5] == (1, 1, 4)


BATCH_CHECKS: list[Callable[[Store], None]] = [
    a_staged_job_is_nowhere_until_its_batch_is_bought,
    a_bought_batch_has_its_jobs_and_holds_their_price,
    a_hundred_jobs_come_back_in_order,
    every_field_of_a_batch_comes_back,
    an_admitted_job_is_queued_listed_and_due_past_its_deadline,
    admitting_again_changes_nothing,
    a_job_that_is_not_admitted_cannot_be_settled,
    a_batchs_jobs_settle_one_by_one_and_are_no_open_jobs,
    a_batch_is_bought_once,
    a_batch_needs_a_new_entry,
    a_batch_is_held_whole_or_refused_whole,
    a_batch_needs_an_active_wallet,
    a_batch_needs_room_among_the_batches_and_none_among_the_jobs,
    a_batch_needs_a_free_idempotency_key,
    a_batch_needs_room_in_the_keys_limit,
    an_ended_batch_is_counted_no_more,
    a_batch_ends_once,
    a_batch_that_is_being_cancelled_ends_only_as_such,
    a_batch_that_is_not_cancelled_does_not_end_as_if,
    a_batch_that_is_not_counted_cannot_end,
    a_batch_is_due_soon_and_then_when_it_says,
    a_batch_keeps_what_it_has_come_to,
    an_ended_batch_does_not_go_on_and_is_not_due,
    a_batchs_entries_are_listed_with_the_others_by_time,
    sums_count_every_job_of_a_batch,
    a_batch_does_not_hide_single_jobs,
]
