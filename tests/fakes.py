"""Hand-written stand-ins: a clock that moves when told, and the books in memory with every condition named.

`MemoryBooks` holds what the real tables hold and passes the same contract tests as the real store. Each
condition of a write has a name, so that a test can leave one out and see itself fail.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from corent.core.idempotency import IdempotencyRecord
from corent.core.ids import first_ulid_at
from corent.core.tiers import AspectRatio, ImageFormat, Kind, Preference
from corent.core.writes import ConditionFailedError
from corent.jobs.batch import Batch, BatchEnd, BatchState, batch_deadline_ms, job_id_at
from corent.jobs.job import (
    IMAGE_DEADLINE_MS,
    START_GRACE_S,
    TERMINAL,
    Attempt,
    DeliveredFile,
    ImageOrder,
    Job,
    JobEnd,
    JobState,
)
from corent.jobs.store import JobPage
from corent.ledger.audit_store import JobMoney
from corent.ledger.balances import Balance, WalletStatus
from corent.ledger.entries import Entry, EntryKind, entry_order
from corent.ledger.payment_store import StoredPayment
from corent.ledger.store import (
    HoldWrite,
    JobSums,
    KeyLimit,
    SettleWrite,
)
from tests.memory_payments import MemoryPayments

START_MS = 1_795_341_000_000
HOUR_MS = 3_600_000


class FakeClock:
    """Time that passes only by sleeping or by being told to."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.time_ms = now_ms

    def now_ms(self) -> int:
        return self.time_ms

    def monotonic_s(self) -> float:
        return self.time_ms / 1000

    def sleep(self, duration_s: float) -> None:
        self.time_ms += round(duration_s * 1000)


def ulid(number: int, *, at_ms: int = START_MS) -> str:
    """A ULID that is told apart by `number`."""
    return first_ulid_at(at_ms)[:20] + f"{number:06d}"


def a_job(
    number: int = 1,
    *,
    wallet_id: str = "acct_1",
    hold_micros: int = 20_000,
    at_ms: int = START_MS,
    prompt: str = "a red fox",
    route: str = '{"v":2,"s":1,"p":"fast","w":[100,600,250,50],"k":"best","n":3,"c":"","x":""}',
    n: int = 1,
    spent_month: str | None = None,
) -> Job:
    """An image job as a submit makes it."""
    return Job(
        id=f"job_{ulid(number, at_ms=at_ms)}",
        wallet_id=wallet_id,
        kind=Kind.IMAGE,
        tier="corent-image-fast",
        state=JobState.PROCESSING,
        hold_micros=hold_micros,
        order=ImageOrder(
            prompt=prompt,
            preference=Preference.FAST,
            aspect_ratio=AspectRatio.SQUARE,
            n=n,
            output_format=ImageFormat.PNG,
        ),
        route=route,
        files_key=f"{number:032x}",
        created_at_ms=at_ms,
        deadline_ms=at_ms + IMAGE_DEADLINE_MS,
        expected_ms=2_000,
        key_sha256="k" if spent_month else None,
        spent_month=spent_month,
    )


def a_batch(number: int = 900, *, size: int = 3, wallet_id: str = "acct_1") -> tuple[Batch, list[Job]]:
    """A batch of images and its staged jobs, as a submit makes them."""
    batch_id = f"batch_{ulid(number)}"
    deadline_ms = batch_deadline_ms(created_at_ms=START_MS, jobs=size, job_deadline_ms=IMAGE_DEADLINE_MS)
    jobs = [
        replace(
            a_job(number + index, wallet_id=wallet_id),
            id=job_id_at(batch_id, index=index),
            state=JobState.QUEUED,
            deadline_ms=deadline_ms,
            deferred=True,
            batch_id=batch_id,
            staged=True,
        )
        for index in range(size)
    ]
    batch = Batch(
        id=batch_id,
        wallet_id=wallet_id,
        kind=Kind.IMAGE,
        state=BatchState.PROCESSING,
        hold_micros=sum(job.hold_micros for job in jobs),
        size=size,
        created_at_ms=START_MS,
        deadline_ms=deadline_ms,
    )
    return batch, jobs


@dataclass
class MemoryBooks(MemoryPayments):
    """LedgerStore, PaymentStore, AuditStore and JobStore over plain dictionaries; `batch_store` beside it.

    One call is one transaction.

    `dropped` names conditions that are not checked, for tests of the tests.
    """

    dropped: frozenset[str] = frozenset()
    jobs: dict[str, Job] = field(default_factory=dict)
    staged: dict[str, Job] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    money: dict[str, str] = field(default_factory=dict)
    claims: dict[tuple[str, str], tuple[IdempotencyRecord, int]] = field(default_factory=dict)
    spent: dict[tuple[str, str], int] = field(default_factory=dict)
    look_at_s: dict[str, int] = field(default_factory=dict)
    owed: list[str] = field(default_factory=list)
    moved_ms: dict[str, int] = field(default_factory=dict)

    @property
    def batch_store(self) -> "MemoryBatches":
        return MemoryBatches(self)

    @property
    def worked(self) -> list[tuple[Job, str]]:
        """Every job that counts, with what its money is."""
        bought = [job for job in self.staged.values() if job.batch_id in self.batches]
        return [(job, self.money[job.id]) for job in self.jobs.values()] + [(job, "held") for job in bought]

    @property
    def everything(self) -> dict[str, Any]:
        """What `violations` takes."""
        return {
            "balances": list(self.balances.values()),
            "entries": list(self.entries.values()),
            "payments": list(self.payments.values()),
            "jobs": self.worked,
            "batches": list(self.batches.values()),
        }

    # ---- LedgerStore -----------------------------------------------------------------------------

    def write_hold(self, write: HoldWrite, job: Job) -> None:
        self._hold(write, counter="open_jobs", is_new=write.purchase_id not in self.jobs)
        self.jobs[job.id] = job
        self.money[job.id] = "held"
        self.look_at_s[job.id] = job.created_at_ms // 1000 + START_GRACE_S if job.deferred else job.swept_at_s

    def write_batch_hold(self, write: HoldWrite, batch: Batch) -> None:
        self._hold(write, counter="open_batches", is_new=write.purchase_id not in self.batches)
        self.batches[batch.id] = batch
        self.look_at_s[batch.id] = batch.created_at_ms // 1000 + START_GRACE_S

    def write_batch_end(self, wallet_id: str, batch_id: str, end: BatchEnd) -> None:
        batch, balance = self.batches[batch_id], self.balances[wallet_id]
        self._require(
            batch_open=batch.state is BatchState.PROCESSING,
            batch_as_known=batch.stopping == end.stopping,
            batch_counted=balance.open_batches >= 1,
        )
        self.batches[batch_id] = replace(batch, state=end.state, finished_at_ms=end.finished_at_ms)
        self.balances[wallet_id] = replace(balance, open_batches=balance.open_batches - 1)
        self.look_at_s.pop(batch_id, None)
        if end.owes_webhook:
            self.owed.append(batch_id)

    def _hold(self, write: HoldWrite, *, counter: str, is_new: bool) -> None:
        entry, claim, limit = write.entry, write.idempotency, write.key_limit
        balance = self.balances.get(entry.wallet_id)
        claimed = self.claims.get((entry.wallet_id, claim.key_sha256)) if claim else None
        spent = self.spent.get((limit.key_sha256, limit.month), 0) if limit else 0
        self._require(
            hold_purchase_new=is_new,
            hold_claim_free=claimed is None or claimed[1] < write.now_s,
            hold_entry_new=(entry.wallet_id, entry.key) not in self.entries,
            hold_active=balance is not None and balance.status is WalletStatus.ACTIVE,
            hold_funds=balance is not None and balance.available_micros >= entry.amount_micros,
            hold_room=balance is not None and getattr(balance, counter) <= write.open_max - 1,
            hold_key_limit=limit is None or spent <= limit.limit_micros - entry.amount_micros,
        )
        if claim:
            record = IdempotencyRecord(
                fingerprint=claim.fingerprint, purchase_id=write.purchase_id, expires_at_s=claim.expires_at_s
            )
            self.claims[entry.wallet_id, claim.key_sha256] = (record, claim.expires_at_s)
        if limit:
            self.spent[limit.key_sha256, limit.month] = spent + entry.amount_micros
        self._post(entry, counts={counter: +1}, jobs=entry.jobs)

    def write_settlement(self, write: SettleWrite, end: JobEnd) -> None:
        entry = write.entry
        job = (self.staged | self.jobs)[write.job_id]
        self._require(
            settle_money_held=self.money.get(job.id) == "held",
            settle_same_hold=job.hold_micros == entry.amount_micros,
            settle_entry_new=(entry.wallet_id, entry.key) not in self.entries,
            settle_funds_held=self.balances[entry.wallet_id].held_micros >= entry.amount_micros,
        )
        self.jobs[job.id] = replace(
            job,
            state=end.state,
            attempts=tuple(attempt.settled() for attempt in end.attempts),
            files=end.files or job.files,
            failure=end.failure,
            finished_at_ms=end.finished_at_ms,
        )
        self.money[job.id] = "captured" if entry.kind is EntryKind.CAPTURE else "released"
        if end.owes_webhook:
            self.owed.append(job.id)
        if write.key_limit and entry.kind is EntryKind.RELEASE:
            self.spent[write.key_limit.key_sha256, write.key_limit.month] -= entry.amount_micros
        self._post(entry, counts={} if write.in_batch else {"open_jobs": -1})

    def open_wallet(self, wallet_id: str, *, at_ms: int) -> None:
        empty = Balance(
            wallet_id=wallet_id,
            available_micros=0,
            held_micros=0,
            credits_micros=0,
            debits_micros=0,
            captured_micros=0,
            open_jobs=0,
            open_batches=0,
            jobs_total=0,
            version=0,
            status=WalletStatus.ACTIVE,
        )
        if wallet_id not in self.balances:
            self.balances[wallet_id] = empty
            self.moved_ms[wallet_id] = at_ms

    def write_promo(self, entry: Entry, *, refilled_on: str | None) -> None:
        self._require(
            promo_entry_new=(entry.wallet_id, entry.key) not in self.entries,
            promo_wallet_exists=entry.wallet_id in self.balances,
        )
        self._post(entry)
        if refilled_on is not None:
            balance = self.balances[entry.wallet_id]
            self.balances[entry.wallet_id] = replace(balance, refilled_on=refilled_on)

    def freeze(self, wallet_id: str, *, cause: str) -> None:
        self._freeze(wallet_id)

    def read_entry(self, wallet_id: str, *, key: str) -> Entry | None:
        return self.entries.get((wallet_id, key))

    def read_balance(self, wallet_id: str) -> Balance | None:
        return self.balances.get(wallet_id)

    def read_idempotency(self, wallet_id: str, *, key_sha256: str) -> IdempotencyRecord | None:
        claim = self.claims.get((wallet_id, key_sha256))
        return claim[0] if claim else None

    def read_key_spent_micros(self, limit: KeyLimit) -> int:
        return self.spent.get((limit.key_sha256, limit.month), 0)

    def list_entries(
        self, wallet_id: str, *, limit: int, before: str | None
    ) -> tuple[list[Entry], str | None]:
        mine = [entry for (owner, _), entry in self.entries.items() if owner == wallet_id]
        ordered = sorted(mine, key=entry_order, reverse=True)
        after = [entry for entry in ordered if before is None or entry_order(entry) < before]
        page = after[:limit]
        return page, entry_order(page[-1]) if len(after) > limit else None

    def sum_jobs(self, wallet_id: str, *, since: str, before: str) -> JobSums:
        def within(kind: EntryKind) -> list[Entry]:
            return [
                entry
                for (owner, _), entry in self.entries.items()
                if owner == wallet_id
                and entry.kind is kind
                and since <= entry.reference.partition("_")[2] < before
            ]

        captured = sum(entry.amount_micros for entry in within(EntryKind.CAPTURE))
        return JobSums(jobs=sum(entry.jobs for entry in within(EntryKind.HOLD)), captured_micros=captured)

    # ---- JobStore --------------------------------------------------------------------------------

    def read(self, job_id: str) -> Job | None:
        staged = self.staged.get(job_id)
        return staged if staged and staged.batch_id in self.batches else self.jobs.get(job_id)

    def admit(self, job: Job) -> None:
        staged = self.staged.pop(job.id, None)
        if staged is not None:
            self.jobs[job.id] = replace(staged, staged=False)
            self.money[job.id] = "held"
            self.look_at_s[job.id] = staged.swept_at_s

    def defer(self, job_id: str, *, attempts: tuple[Attempt, ...], look_at_s: int) -> bool:
        return self._change_open(
            job_id,
            lambda job: replace(job, deferred=True, state=JobState.PROCESSING, attempts=attempts),
            look_at_s=look_at_s,
        )

    def advance(
        self,
        job: Job,
        *,
        attempts: tuple[Attempt, ...],
        files: tuple[DeliveredFile, ...] = (),
        progress_percent: int | None = None,
        wake_token: str | None = None,
    ) -> bool:
        if self.jobs[job.id].attempts != job.attempts:
            return False
        return self._change_open(
            job.id,
            lambda stored: replace(
                stored,
                state=JobState.PROCESSING,
                attempts=attempts,
                files=files or stored.files,
                progress_percent=stored.progress_percent if progress_percent is None else progress_percent,
                wake_token=stored.wake_token if wake_token is None else wake_token,
            ),
            look_at_s=job.swept_at_s,
        )

    def list_by_wallet(
        self,
        wallet_id: str,
        *,
        limit: int,
        before: str | None,
        since: str | None = None,
        state: JobState | None = None,
        kind: Kind | None = None,
    ) -> JobPage:
        found = sorted(
            (
                job
                for job in self.jobs.values()
                if job.wallet_id == wallet_id
                and (before is None or job.id < before)
                and (since is None or job.id >= since)
                and state in (None, job.state)
                and kind in (None, job.kind)
            ),
            key=lambda job: job.id,
            reverse=True,
        )
        page = found[:limit]
        return JobPage(jobs=tuple(page), next_before=page[-1].id if len(found) > limit else None)

    def due(self, *, now_s: int) -> Iterator[str]:
        due = [subject_id for subject_id, at_s in self.look_at_s.items() if at_s <= now_s]
        return iter([each for each in due if each in self.batches or self.jobs[each].state not in TERMINAL])

    # ---- AuditStore ------------------------------------------------------------------------------

    def moved_since(self, time_ms: int) -> Iterator[str]:
        return (wallet for wallet, at_ms in self.moved_ms.items() if at_ms // HOUR_MS >= time_ms // HOUR_MS)

    def read_entries(self, wallet_id: str) -> Iterator[Entry]:
        mine = [entry for (owner, _), entry in self.entries.items() if owner == wallet_id]
        return iter(sorted(mine, key=lambda entry: entry.key))

    def read_jobs(self, job_ids: Sequence[str]) -> dict[str, JobMoney]:
        return {
            job.id: JobMoney(money=money, state=job.state.value, hold_micros=job.hold_micros)
            for job, money in self.worked
            if job.id in job_ids
        }

    def read_payments(self, payment_ids: Sequence[str]) -> dict[str, StoredPayment]:
        return {each: self.payments[each] for each in payment_ids if each in self.payments}

    # ---- inside ----------------------------------------------------------------------------------

    def _require(self, **conditions: bool) -> None:
        broken = [name for name, holds in conditions.items() if not holds and name not in self.dropped]
        if broken:
            raise ConditionFailedError(", ".join(broken))

    def _post(self, entry: Entry, *, counts: dict[str, int] | None = None, jobs: int = 0) -> None:
        effect = entry.effect
        amount = entry.amount_micros
        before = self.balances[entry.wallet_id]
        self.entries[entry.wallet_id, entry.key] = entry
        self.moved_ms[entry.wallet_id] = entry.at_ms
        self.balances[entry.wallet_id] = replace(
            before,
            available_micros=before.available_micros + effect.available * amount,
            held_micros=before.held_micros + effect.held * amount,
            credits_micros=before.credits_micros + effect.credits * amount,
            debits_micros=before.debits_micros + effect.debits * amount,
            captured_micros=before.captured_micros + (amount if entry.kind is EntryKind.CAPTURE else 0),
            jobs_total=before.jobs_total + jobs,
            version=before.version + 1,
            **{name: getattr(before, name) + count for name, count in (counts or {}).items()},
        )

    def _change_open(self, job_id: str, change: Callable[[Job], Job], *, look_at_s: int) -> bool:
        if self.money.get(job_id) != "held":
            return False
        self.jobs[job_id] = change(self.jobs[job_id])
        self.look_at_s[job_id] = look_at_s
        return True


class MemoryBatches:
    """BatchStore over the same dictionaries."""

    def __init__(self, books: MemoryBooks) -> None:
        self._books = books

    def stage(self, jobs: Sequence[Job]) -> None:
        self._books.staged |= {job.id: job for job in jobs}

    def read(self, batch_id: str) -> Batch | None:
        return self._books.batches.get(batch_id)

    def read_jobs(self, batch: Batch) -> tuple[Job, ...]:
        known = self._books.staged | self._books.jobs
        return tuple(known[job_id] for job_id in batch.job_ids)

    def advance(self, batch_id: str, *, look_at_s: int, begun: bool = False, stopping: bool = False) -> bool:
        batch = self._books.batches.get(batch_id)
        if batch is None or batch.state is not BatchState.PROCESSING:
            return False
        self._books.batches[batch_id] = replace(
            batch, begun=batch.begun or begun, stopping=batch.stopping or stopping
        )
        self._books.look_at_s[batch_id] = look_at_s
        return True
