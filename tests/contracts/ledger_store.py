"""What every LedgerStore and JobStore must do: each condition of each write, met and broken on its own."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from corent.core.idempotency import IdempotencyClaim, IdempotencyRecord
from corent.core.tiers import AspectRatio, Kind, Preference, Resolution
from corent.core.writes import ConditionFailedError
from corent.jobs.job import (
    Attempt,
    AttemptOutcome,
    DeliveredFile,
    ImageOrder,
    Job,
    JobEnd,
    JobFailure,
    JobState,
    VideoOrder,
    Webhook,
)
from corent.ledger.balances import WalletStatus
from corent.ledger.entries import Entry, EntryKind, hold_key, promo_key, settle_key
from corent.ledger.store import (
    HoldWrite,
    KeyLimit,
    SettleWrite,
)
from tests.fakes import START_MS, a_job

PRICE = 20_000
NOW_S = START_MS // 1000
ATTEMPT = Attempt(
    candidate=0, outcome=AttemptOutcome.COMPLETED, started_ms=5, duration_ms=700, cost_micros=3000
)
COMPLETED = JobEnd(
    state=JobState.COMPLETED,
    attempts=(ATTEMPT,),
    files=(DeliveredFile(width_px=1024, height_px=768),),
    finished_at_ms=START_MS + 900,
)
FAILED = JobEnd(
    state=JobState.FAILED,
    attempts=(ATTEMPT,),
    failure=JobFailure.CONTENT_REFUSED,
    finished_at_ms=START_MS + 900,
)
# Any object that is both a LedgerStore[Job, JobEnd] and a JobStore.
type Store = Any


def entry(
    kind: EntryKind, key: str, *, wallet_id: str = "acct_1", amount: int = PRICE, ref: str = ""
) -> Entry:
    return Entry(
        key=key,
        wallet_id=wallet_id,
        kind=kind,
        amount_micros=amount,
        at_ms=START_MS,
        reference=ref or a_job().id,
        cause="req_1",
    )


def fund(store: Store, *, wallet_id: str = "acct_1", micros: int = 100_000) -> None:
    store.open_wallet(wallet_id, at_ms=START_MS)
    promo = entry(EntryKind.PROMO, promo_key("opening"), wallet_id=wallet_id, amount=micros, ref="opening")
    store.write_promo(promo, refilled_on=None)


def hold(store: Store, job: Job, **changes: Any) -> None:
    fields: dict[str, Any] = {
        "entry": entry(EntryKind.HOLD, hold_key(job.id), amount=job.hold_micros, ref=job.id),
        "purchase_id": job.id,
        "now_s": NOW_S,
        "open_max": 20,
        "idempotency": None,
        "key_limit": None,
    }
    store.write_hold(HoldWrite(**{**fields, **changes}), job)


def settle(store: Store, job: Job, end: JobEnd, *, limit: KeyLimit | None = None, **changes: Any) -> None:
    kind = EntryKind.CAPTURE if end.state is JobState.COMPLETED else EntryKind.RELEASE
    posted = replace(entry(kind, settle_key(job.id), amount=job.hold_micros, ref=job.id), **changes)
    store.write_settlement(
        SettleWrite(entry=posted, job_id=job.id, in_batch=job.batch_id is not None, key_limit=limit), end
    )


def refused(write: Callable[[], None]) -> None:
    with pytest.raises(ConditionFailedError):
        write()


def numbers(store: Store, wallet_id: str = "acct_1") -> tuple[int, ...]:
    balance = store.read_balance(wallet_id)
    balance.check()
    return (
        balance.available_micros,
        balance.held_micros,
        balance.captured_micros,
        balance.open_jobs,
        balance.jobs_total,
        balance.version,
    )


def a_hold_stores_the_job_and_moves_the_money(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    assert store.read(a_job().id) == a_job()
    assert numbers(store) == (80_000, PRICE, 0, 1, 1, 2)
    assert store.read_entry("acct_1", key=hold_key(a_job().id)).amount_micros == PRICE


def every_field_of_a_job_comes_back(store: Store) -> None:
    fund(store)
    order = ImageOrder(
        prompt='käfer \U0001f98a "quoted"',
        preference=a_job().order.preference,
        aspect_ratio=a_job().order.aspect_ratio,
        n=4,
        output_format=a_job().order.output_format,
        style="anime",
        seed=7,
        negative_prompt="blur",
        image_url="https://pictures.example/a.png",
        metadata={"a": "1"},
    )
    job = replace(
        a_job(), order=order, deferred=True, state=JobState.QUEUED, key_sha256="k", spent_month="202611"
    )
    hold(store, job)
    assert store.read(job.id) == job


def a_capture_completes_the_job_with_its_result(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    settle(store, a_job(), COMPLETED)
    job = store.read(a_job().id)
    assert (job.state, job.files, job.attempts) == (JobState.COMPLETED, COMPLETED.files, (ATTEMPT,))
    assert numbers(store) == (80_000, 0, PRICE, 0, 1, 3)


def a_release_fails_the_job_and_gives_the_money_back(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    settle(store, a_job(), FAILED)
    job = store.read(a_job().id)
    assert (job.state, job.failure, job.finished_at_ms) == (
        JobState.FAILED,
        JobFailure.CONTENT_REFUSED,
        START_MS + 900,
    )
    assert numbers(store) == (100_000, 0, 0, 0, 1, 3)


def a_hold_needs_a_new_job(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    refused(lambda: hold(store, a_job(), entry=entry(EntryKind.HOLD, "hold#another")))
    assert numbers(store)[1] == PRICE


def a_hold_needs_a_new_entry(store: Store) -> None:
    fund(store)
    hold(store, a_job(1))
    refused(lambda: hold(store, a_job(2), entry=entry(EntryKind.HOLD, hold_key(a_job(1).id))))
    assert store.read(a_job(2).id) is None


def a_hold_needs_an_active_wallet(store: Store) -> None:
    fund(store)
    store.freeze("acct_1", cause="test")
    assert store.read_balance("acct_1").status is WalletStatus.FROZEN
    refused(lambda: hold(store, a_job()))


def a_hold_needs_a_wallet(store: Store) -> None:
    refused(lambda: hold(store, a_job()))


def a_hold_needs_the_money(store: Store) -> None:
    fund(store, micros=PRICE - 1)
    refused(lambda: hold(store, a_job()))
    assert numbers(store)[0] == PRICE - 1


def a_hold_may_take_the_last_money(store: Store) -> None:
    fund(store, micros=PRICE)
    hold(store, a_job())
    assert numbers(store)[0] == 0


def a_hold_needs_room_among_the_open_jobs(store: Store) -> None:
    fund(store)
    hold(store, a_job(1), open_max=1)
    refused(lambda: hold(store, a_job(2), open_max=1))


def a_hold_needs_a_free_idempotency_key(store: Store) -> None:
    fund(store)
    claim = IdempotencyClaim(key_sha256="i", fingerprint="f", expires_at_s=NOW_S + 10)
    hold(store, a_job(1), idempotency=claim)
    refused(lambda: hold(store, a_job(2), idempotency=claim))
    assert store.read_idempotency("acct_1", key_sha256="i") == IdempotencyRecord(
        fingerprint="f", purchase_id=a_job(1).id, expires_at_s=NOW_S + 10
    )


def an_expired_idempotency_key_is_free(store: Store) -> None:
    fund(store)
    claim = IdempotencyClaim(key_sha256="i", fingerprint="f", expires_at_s=NOW_S + 10)
    hold(store, a_job(1), idempotency=claim)
    hold(store, a_job(2), idempotency=claim, now_s=NOW_S + 11)
    assert store.read_idempotency("acct_1", key_sha256="i").purchase_id == a_job(2).id


def a_hold_needs_room_in_the_keys_limit(store: Store) -> None:
    fund(store)
    limit = KeyLimit(key_sha256="k", month="202611", limit_micros=2 * PRICE - 1)
    hold(store, a_job(1), key_limit=limit)
    refused(lambda: hold(store, a_job(2), key_limit=limit))
    assert store.read_key_spent_micros(limit) == PRICE


def a_release_takes_the_price_off_the_keys_spending(store: Store) -> None:
    fund(store)
    limit = KeyLimit(key_sha256="k", month="202611", limit_micros=PRICE)
    hold(store, a_job(), key_limit=limit)
    settle(store, a_job(), FAILED, limit=limit)
    assert store.read_key_spent_micros(limit) == 0


def a_settlement_needs_an_unsettled_job(store: Store) -> None:
    fund(store)
    hold(store, a_job(1))
    hold(store, a_job(2))
    settle(store, a_job(1), COMPLETED)
    refused(lambda: settle(store, a_job(1), FAILED, key="settle#another"))
    assert store.read(a_job(1).id).state is JobState.COMPLETED


def a_settlement_needs_the_same_amount_as_the_hold(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    refused(lambda: settle(store, a_job(), COMPLETED, amount_micros=PRICE - 1))


def a_settlement_needs_a_new_entry(store: Store) -> None:
    fund(store)
    hold(store, a_job(1))
    hold(store, a_job(2))
    settle(store, a_job(1), COMPLETED)
    refused(lambda: settle(store, a_job(2), COMPLETED, key=settle_key(a_job(1).id)))


def a_settlement_needs_the_money_to_be_held(store: Store) -> None:
    fund(store)
    fund(store, wallet_id="acct_2")
    hold(store, a_job())
    refused(lambda: settle(store, a_job(), COMPLETED, wallet_id="acct_2"))


def a_promotion_counts_once(store: Store) -> None:
    fund(store)
    refused(lambda: fund(store))
    assert numbers(store)[0] == 100_000


def a_promotion_needs_a_wallet(store: Store) -> None:
    promo = entry(EntryKind.PROMO, promo_key("gift"), wallet_id="acct_9", ref="gift")
    refused(lambda: store.write_promo(promo, refilled_on=None))


def a_refill_is_noted_with_its_day(store: Store) -> None:
    fund(store)
    store.write_promo(entry(EntryKind.PROMO, promo_key("r"), ref="r"), refilled_on="2026-11-22")
    assert store.read_balance("acct_1").refilled_on == "2026-11-22"


def opening_a_wallet_again_changes_nothing(store: Store) -> None:
    fund(store)
    store.open_wallet("acct_1", at_ms=START_MS)
    assert numbers(store)[0] == 100_000


WAITING = Attempt(
    candidate=0, outcome=AttemptOutcome.WORKING, started_ms=5, duration_ms=700, ticket='{"id":"ä"}'
)
BEGUN = Attempt(candidate=0, outcome=AttemptOutcome.UNKNOWN, started_ms=5, duration_ms=0)


def a_deferred_job_keeps_its_attempts_and_its_ticket(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    assert store.defer(a_job().id, attempts=(WAITING,), look_at_s=NOW_S)
    job = store.read(a_job().id)
    assert (job.deferred, job.state, job.attempts) == (True, JobState.PROCESSING, (WAITING,))


def a_settled_job_is_neither_deferred_nor_advanced(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    settle(store, a_job(), COMPLETED)
    before = store.read(a_job().id)
    assert not store.defer(a_job().id, attempts=(), look_at_s=NOW_S)
    assert not store.advance(before, attempts=(WAITING,))
    assert store.read(a_job().id) == before


def an_advanced_job_is_processing_with_all_that_was_kept(store: Store) -> None:
    queued = replace(a_job(), state=JobState.QUEUED, deferred=True)
    fund(store)
    hold(store, queued)
    files = (DeliveredFile(width_px=1280, height_px=720, duration_s=5),)
    job = store.read(queued.id)
    assert store.advance(job, attempts=(WAITING,), wake_token="t1")
    assert store.advance(
        replace(job, attempts=(WAITING,)), attempts=(ATTEMPT,), files=files, progress_percent=40
    )
    advanced = store.read(queued.id)
    assert (advanced.state, advanced.attempts, advanced.files) == (JobState.PROCESSING, (ATTEMPT,), files)
    assert (advanced.progress_percent, advanced.wake_token) == (40, "t1")


def a_job_handed_on_before_anything_was_tried_can_be_advanced(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    assert store.defer(a_job().id, attempts=(), look_at_s=NOW_S)
    assert store.advance(store.read(a_job().id), attempts=(BEGUN,))
    assert store.read(a_job().id).attempts == (BEGUN,)


def an_advance_needs_the_attempts_it_was_decided_on(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    job = store.read(a_job().id)
    assert store.advance(job, attempts=(BEGUN,))
    assert not store.advance(job, attempts=(BEGUN,))
    assert not store.advance(replace(job, attempts=(WAITING,)), attempts=(ATTEMPT,))
    assert store.read(job.id).attempts == (BEGUN,)


def a_jobs_files_outlive_its_release(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    files = (DeliveredFile(width_px=64, height_px=64),)
    assert store.advance(store.read(a_job().id), attempts=(ATTEMPT,), files=files)
    settle(store, a_job(), FAILED)
    assert store.read(a_job().id).files == files


def only_an_abandoned_attempt_keeps_its_ticket_to_the_end(store: Store) -> None:
    abandoned = replace(WAITING, outcome=AttemptOutcome.ABANDONED)
    fund(store)
    hold(store, a_job())
    settle(store, a_job(), replace(FAILED, attempts=(replace(WAITING, candidate=1), abandoned)))
    assert [attempt.ticket for attempt in store.read(a_job().id).attempts] == [None, WAITING.ticket]


def entries_come_newest_first_in_pages(store: Store) -> None:
    fund(store)
    jobs = [a_job(number, hold_micros=10, at_ms=START_MS + 1000 * number) for number in range(1, 6)]
    for job in jobs:
        hold(store, job)
        settle(store, job, COMPLETED)
    seen: list[str] = []
    before = None
    while True:
        page, before = store.list_entries("acct_1", limit=4, before=before)
        seen += [each.key for each in page]
        if before is None:
            break
    expected = [key for job in reversed(jobs) for key in (settle_key(job.id), hold_key(job.id))]
    assert seen == [*expected, promo_key("opening")]


def a_page_follows_another_whatever_is_posted_between_them(store: Store) -> None:
    fund(store)
    jobs = [a_job(number, hold_micros=10, at_ms=START_MS + 1000 * number) for number in range(1, 7)]
    for job in jobs:
        hold(store, job)
    there = {promo_key("opening"), *(hold_key(job.id) for job in jobs)}
    seen: list[str] = []
    before = None
    for number in itertools.count():
        page, before = store.list_entries("acct_1", limit=2, before=before)
        seen += [each.key for each in page]
        if before is None:
            break
        # An old job is settled, a new one is begun, and money comes in that belongs to no job.
        settle(store, jobs[number], COMPLETED if number % 2 else FAILED)
        late = START_MS + 60_000 * (number + 1)
        hold(store, a_job(20 + number, hold_micros=10, at_ms=late))
        gift = replace(entry(EntryKind.PROMO, promo_key(f"g{number}"), ref=f"g{number}"), at_ms=late)
        store.write_promo(gift, refilled_on=None)
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def jobs_come_newest_first_in_pages_and_filtered(store: Store) -> None:
    fund(store)
    jobs = [a_job(number, hold_micros=10, at_ms=START_MS + 1000 * number) for number in range(1, 8)]
    for job in jobs:
        hold(store, job)
    for job in jobs[::2]:
        settle(store, job, COMPLETED)
    seen: list[str] = []
    before = None
    while True:
        page = store.list_by_wallet("acct_1", limit=3, before=before)
        seen += [job.id for job in page.jobs]
        before = page.next_before
        if before is None:
            break
    assert seen == [job.id for job in reversed(jobs)]
    done = store.list_by_wallet("acct_1", limit=3, before=None, state=JobState.COMPLETED)
    assert [job.id for job in done.jobs] == [jobs[6].id, jobs[4].id, jobs[2].id]
    since = store.list_by_wallet("acct_1", limit=20, before=jobs[5].id, since=jobs[2].id)
    assert [job.id for job in since.jobs] == [jobs[4].id, jobs[3].id, jobs[2].id]
    assert store.list_by_wallet("acct_2", limit=3, before=None).jobs == ()


def sums_count_the_jobs_of_a_span(store: Store) -> None:
    fund(store)
    jobs = [a_job(number, hold_micros=10, at_ms=START_MS + 1000 * number) for number in range(1, 5)]
    for job in jobs:
        hold(store, job)
    settle(store, jobs[1], COMPLETED)
    settle(store, jobs[2], FAILED)
    sums = store.sum_jobs("acct_1", since=jobs[1].id[4:], before=jobs[3].id[4:])
    assert (sums.jobs, sums.captured_micros) == (2, 10)


def a_job_answered_in_its_request_is_due_past_its_deadline_and_grace(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    deadline_s = a_job().deadline_ms // 1000
    assert list(store.due(now_s=deadline_s + 119)) == []
    assert list(store.due(now_s=deadline_s + 120)) == [a_job().id]


def a_deferred_job_is_due_soon_until_an_execution_has_advanced_it(store: Store) -> None:
    queued = replace(a_job(), state=JobState.QUEUED, deferred=True)
    fund(store)
    hold(store, queued)
    assert list(store.due(now_s=NOW_S + 29)) == []
    assert list(store.due(now_s=NOW_S + 30)) == [queued.id]
    store.advance(store.read(queued.id), attempts=(BEGUN,))
    assert list(store.due(now_s=NOW_S + 200)) == []


def a_job_handed_on_later_is_due_when_it_says(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    store.defer(a_job().id, attempts=(), look_at_s=NOW_S + 50)
    assert (list(store.due(now_s=NOW_S + 49)), list(store.due(now_s=NOW_S + 50))) == ([], [a_job().id])


def a_settled_job_is_never_due(store: Store) -> None:
    fund(store)
    hold(store, a_job())
    settle(store, a_job(), FAILED)
    assert list(store.due(now_s=NOW_S + 1_000_000)) == []


def a_film_comes_back_as_it_was_ordered(store: Store) -> None:
    order = VideoOrder(
        prompt="a fox ä",
        preference=Preference.QUALITY,
        aspect_ratio=AspectRatio.TALL,
        duration_s=7,
        resolution=Resolution.FULL_HD,
        seed=0,
        negative_prompt="people",
        image_url="https://pictures.example/a.png",
        metadata={"order": "17"},
    )
    webhook = Webhook(url="https://hooks.example/in", sealed_secret="c2VhbGVk")
    film = replace(
        a_job(), kind=Kind.VIDEO, order=order, webhook=webhook, deferred=True, state=JobState.QUEUED
    )
    fund(store)
    hold(store, film)
    assert store.read(film.id) == film


CHECKS: list[Callable[[Store], None]] = [
    a_hold_stores_the_job_and_moves_the_money,
    every_field_of_a_job_comes_back,
    a_capture_completes_the_job_with_its_result,
    a_release_fails_the_job_and_gives_the_money_back,
    a_hold_needs_a_new_job,
    a_hold_needs_a_new_entry,
    a_hold_needs_an_active_wallet,
    a_hold_needs_a_wallet,
    a_hold_needs_the_money,
    a_hold_may_take_the_last_money,
    a_hold_needs_room_among_the_open_jobs,
    a_hold_needs_a_free_idempotency_key,
    an_expired_idempotency_key_is_free,
    a_hold_needs_room_in_the_keys_limit,
    a_release_takes_the_price_off_the_keys_spending,
    a_settlement_needs_an_unsettled_job,
    a_settlement_needs_the_same_amount_as_the_hold,
    a_settlement_needs_a_new_entry,
    a_settlement_needs_the_money_to_be_held,
    a_promotion_counts_once,
    a_promotion_needs_a_wallet,
    a_refill_is_noted_with_its_day,
    opening_a_wallet_again_changes_nothing,
    a_deferred_job_keeps_its_attempts_and_its_ticket,
    a_settled_job_is_neither_deferred_nor_advanced,
    an_advanced_job_is_processing_with_all_that_was_kept,
    a_job_handed_on_before_anything_was_tried_can_be_advanced,
    an_advance_needs_the_attempts_it_was_decided_on,
    a_jobs_files_outlive_its_release,
    only_an_abandoned_attempt_keeps_its_ticket_to_the_end,
    entries_come_newest_first_in_pages,
    a_page_follows_another_whatever_is_posted_between_them,
    jobs_come_newest_first_in_pages_and_filtered,
    sums_count_the_jobs_of_a_span,
    a_job_answered_in_its_request_is_due_past_its_deadline_and_grace,
    a_deferred_job_is_due_soon_until_an_execution_has_advanced_it,
    a_job_handed_on_later_is_due_when_it_says,
    a_settled_job_is_never_due,
    a_film_comes_back_as_it_was_ordered,
]
