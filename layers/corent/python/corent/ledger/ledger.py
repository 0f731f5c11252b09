"""The Ledger: hold, capture, release and promote, each run until its outcome is known.

A hold whose condition failed is explained by reading in a fixed order, idempotency record, entry, balance.
The order matters: once a hold has happened, its repeat fails on the balance too, and reading the
balance first would tell a customer who was charged that he cannot pay.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from corent.core.clock import Clock
from corent.core.errors import (
    AccountFrozenError,
    InsufficientFundsError,
    InvariantViolationError,
    KeyLimitReachedError,
    TooManyOpenJobsError,
)
from corent.core.idempotency import IdempotencyClaim, SameRequest, same_request
from corent.core.money import cents_floor, cents_up
from corent.core.writes import UntilKnown
from corent.ledger.balances import Balance, WalletStatus
from corent.ledger.entries import Entry, EntryKind, hold_key, promo_key, settle_key
from corent.ledger.outcomes import Settlement, posted, surely_posted
from corent.ledger.store import (
    HoldWrite,
    JobSums,
    KeyLimit,
    LedgerStore,
    SettleWrite,
)

OPEN_JOBS_MAX = 20
OPEN_BATCHES_MAX = 3
PROMO_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Held:
    """The hold is placed and the job exists; it is this call's to work on."""


class Refuse(Protocol):
    """Raises for what stands against a hold now; returns when nothing does."""

    def __call__(self, wallet_id: str, amount_micros: int, *, key_limit: KeyLimit | None) -> None: ...


class Ledger[NewJobT, JobEndT, NewBatchT, BatchEndT]:
    """Moves money between accounts of the books; the only thing that does."""

    def __init__(
        self,
        *,
        store: LedgerStore[NewJobT, JobEndT, NewBatchT, BatchEndT],
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self._store = store
        self._clock = clock
        self._run = UntilKnown(clock=clock, random=random)

    def hold(
        self,
        job: NewJobT,
        *,
        wallet_id: str,
        job_id: str,
        amount_micros: int,
        cause: str,
        deadline_s: float,
        idempotency: IdempotencyClaim | None,
        key_limit: KeyLimit | None,
    ) -> Held | SameRequest:
        """Hold the price and create the job in one write (T1). May be repeated with the same job id.

        `deadline_s` is on the clock's monotonic scale. Raises InsufficientFundsError,
        AccountFrozenError, TooManyOpenJobsError, KeyLimitReachedError or IdempotencyKeyReusedError with
        nothing held, and TemporarilyUnavailableError when the outcome stayed unknown until the
        deadline: the hold may then exist, and the deadline sweep gives it back.
        """
        write = self._hold_write(
            wallet_id,
            job_id,
            amount_micros,
            cause,
            open_max=OPEN_JOBS_MAX,
            idempotency=idempotency,
            key_limit=key_limit,
        )
        return self._hold(
            write, lambda: self._store.write_hold(write, job), self._refuse_job, deadline_s=deadline_s
        )

    def hold_batch(
        self,
        batch: NewBatchT,
        *,
        wallet_id: str,
        batch_id: str,
        jobs: int,
        amount_micros: int,
        cause: str,
        deadline_s: float,
        idempotency: IdempotencyClaim | None,
        key_limit: KeyLimit | None,
    ) -> Held | SameRequest:
        """Hold the price of all its jobs and create the batch in one write (T1'); otherwise as `hold`.

        Its jobs must be staged before.
        """
        write = self._hold_write(
            wallet_id,
            batch_id,
            amount_micros,
            cause,
            jobs=jobs,
            open_max=OPEN_BATCHES_MAX,
            idempotency=idempotency,
            key_limit=key_limit,
        )
        return self._hold(
            write,
            lambda: self._store.write_batch_hold(write, batch),
            self._refuse_batch,
            deadline_s=deadline_s,
        )

    def check_batch(self, wallet_id: str, *, amount_micros: int, key_limit: KeyLimit | None) -> None:
        """Raise what `hold_batch` would refuse now, before its jobs are staged. Decides nothing."""
        self._check_key_limit(amount_micros, key_limit)
        self._refuse_batch(wallet_id, amount_micros, key_limit=key_limit)

    def close_batch(self, end: BatchEndT, *, wallet_id: str, batch_id: str, deadline_s: float) -> Settlement:
        """End a batch whose jobs have all ended. May be repeated; LOST once it has ended."""
        return self._run(
            lambda: self._store.write_batch_end(wallet_id, batch_id, end),
            Settlement.DONE,
            lambda: Settlement.LOST,
            deadline_s=deadline_s,
        )

    def same_request(self, wallet_id: str, *, idempotency: IdempotencyClaim) -> SameRequest | None:
        """What an earlier request with that key and body made. Raises IdempotencyKeyReusedError."""
        record = self._store.read_idempotency(wallet_id, key_sha256=idempotency.key_sha256)
        return same_request(record, idempotency, now_s=self._clock.now_ms() // 1000)

    def capture(
        self,
        end: JobEndT,
        *,
        wallet_id: str,
        job_id: str,
        amount_micros: int,
        cause: str,
        deadline_s: float,
        in_batch: bool = False,
    ) -> Settlement:
        """Charge the held price and complete the job in one write (T2). May be repeated."""
        entry = self._settle_entry(EntryKind.CAPTURE, wallet_id, job_id, amount_micros, cause)
        write = SettleWrite(entry=entry, job_id=job_id, in_batch=in_batch, key_limit=None)
        return self._settle(write, end, deadline_s=deadline_s)

    def release(
        self,
        end: JobEndT,
        *,
        wallet_id: str,
        job_id: str,
        amount_micros: int,
        cause: str,
        deadline_s: float,
        in_batch: bool = False,
        key_limit: KeyLimit | None = None,
    ) -> Settlement:
        """Give the hold back and fail the job in one write (T3). May be repeated.

        A frozen wallet's jobs settle like any other.
        """
        entry = self._settle_entry(EntryKind.RELEASE, wallet_id, job_id, amount_micros, cause)
        write = SettleWrite(entry=entry, job_id=job_id, in_batch=in_batch, key_limit=key_limit)
        return self._settle(write, end, deadline_s=deadline_s)

    def open_wallet(self, wallet_id: str) -> None:
        """Make an empty wallet, unless it is there. May be repeated."""
        self._store.open_wallet(wallet_id, at_ms=self._clock.now_ms())

    def promote(
        self,
        wallet_id: str,
        *,
        amount_micros: int,
        reference: str,
        cause: str,
        refilled_on: str | None = None,
    ) -> None:
        """Credit a wallet from the promotion account, once for each `reference`. May be repeated.

        A repeat with another amount changes nothing: the first one stands.
        """
        entry = Entry(
            key=promo_key(reference),
            wallet_id=wallet_id,
            kind=EntryKind.PROMO,
            amount_micros=amount_micros,
            at_ms=self._clock.now_ms(),
            reference=reference,
            cause=cause,
        )

        def explain() -> Settlement:
            if self._store.read_entry(wallet_id, key=entry.key) is None:
                raise InvariantViolationError(f"{entry.key} was refused, yet nothing is posted under it")
            return Settlement.DONE

        self._run(
            lambda: self._store.write_promo(entry, refilled_on=refilled_on),
            Settlement.DONE,
            explain,
            deadline_s=self._clock.monotonic_s() + PROMO_TIMEOUT_S,
        )

    def balance(self, wallet_id: str) -> Balance:
        """The wallet's balance, its invariants checked.

        Raises InvariantViolationError after freezing a wallet whose numbers contradict each other, or
        when the wallet does not exist.
        """
        balance = self._store.read_balance(wallet_id)
        if balance is None:
            raise InvariantViolationError(f"wallet {wallet_id} has no balance")
        try:
            balance.check()
        except InvariantViolationError:
            self._store.freeze(wallet_id, cause="invariant")
            raise
        return balance

    def entries(self, wallet_id: str, *, limit: int, before: str | None) -> tuple[list[Entry], str | None]:
        """A page of a wallet's entries, newest first, and where the next page begins."""
        return self._store.list_entries(wallet_id, limit=limit, before=before)

    def sum_jobs(self, wallet_id: str, *, since: str, before: str) -> JobSums:
        """Jobs begun and money captured for them, over jobs with ULIDs from `since` to below `before`."""
        return self._store.sum_jobs(wallet_id, since=since, before=before)

    def _hold_write(
        self,
        wallet_id: str,
        purchase_id: str,
        amount_micros: int,
        cause: str,
        *,
        open_max: int,
        idempotency: IdempotencyClaim | None,
        key_limit: KeyLimit | None,
        jobs: int = 1,
    ) -> HoldWrite:
        now_ms = self._clock.now_ms()
        entry = Entry(
            key=hold_key(purchase_id),
            wallet_id=wallet_id,
            kind=EntryKind.HOLD,
            amount_micros=amount_micros,
            at_ms=now_ms,
            reference=purchase_id,
            cause=cause,
            jobs=jobs,
        )
        return HoldWrite(
            entry=entry,
            purchase_id=purchase_id,
            now_s=now_ms // 1000,
            open_max=open_max,
            idempotency=idempotency,
            key_limit=key_limit,
        )

    def _hold(
        self, write: HoldWrite, run: Callable[[], None], refuse: Refuse, *, deadline_s: float
    ) -> Held | SameRequest:
        entry, idempotency = write.entry, write.idempotency
        self._check_key_limit(entry.amount_micros, write.key_limit)

        def explain() -> Held | SameRequest | None:
            if idempotency is not None:
                same = self.same_request(entry.wallet_id, idempotency=idempotency)
                if same is not None and same.purchase_id != write.purchase_id:
                    return same
            if posted(self._store, entry) is Settlement.DONE:
                return Held()
            refuse(entry.wallet_id, entry.amount_micros, key_limit=write.key_limit)
            return None  # Nothing refuses it any more: the state moved on since. Run it again.

        done: Held | SameRequest = Held()
        return self._run(run, done, explain, deadline_s=deadline_s)

    def _settle_entry(
        self, kind: EntryKind, wallet_id: str, job_id: str, amount_micros: int, cause: str
    ) -> Entry:
        return Entry(
            key=settle_key(job_id),
            wallet_id=wallet_id,
            kind=kind,
            amount_micros=amount_micros,
            at_ms=self._clock.now_ms(),
            reference=job_id,
            cause=cause,
        )

    def _settle(self, write: SettleWrite, end: JobEndT, *, deadline_s: float) -> Settlement:
        return self._run(
            lambda: self._store.write_settlement(write, end),
            Settlement.DONE,
            lambda: surely_posted(self._store, write.entry),
            deadline_s=deadline_s,
        )

    def _refuse_job(self, wallet_id: str, amount_micros: int, *, key_limit: KeyLimit | None) -> None:
        balance = self._spendable(wallet_id, amount_micros)
        if balance.open_jobs >= OPEN_JOBS_MAX:
            raise TooManyOpenJobsError(
                f"At most {OPEN_JOBS_MAX} jobs may be open at a time.", retry_after_s=2
            )
        self._check_room_in_key(amount_micros, key_limit)

    def _refuse_batch(self, wallet_id: str, amount_micros: int, *, key_limit: KeyLimit | None) -> None:
        balance = self._spendable(wallet_id, amount_micros)
        if balance.open_batches >= OPEN_BATCHES_MAX:
            raise TooManyOpenJobsError(
                f"At most {OPEN_BATCHES_MAX} batches may be in work at a time.", retry_after_s=10
            )
        self._check_room_in_key(amount_micros, key_limit)

    def _spendable(self, wallet_id: str, amount_micros: int) -> Balance:
        """The balance, if the amount could be spent from it."""
        balance = self.balance(wallet_id)
        if balance.status is not WalletStatus.ACTIVE:
            raise AccountFrozenError("This account may not spend. Contact support.")
        if balance.available_micros < amount_micros:
            raise InsufficientFundsError(
                "The balance is too low for this request.",
                details={
                    "required_cents": cents_up(amount_micros),
                    "available_cents": cents_floor(balance.available_micros),
                },
            )
        return balance

    def _check_key_limit(self, amount_micros: int, key_limit: KeyLimit | None) -> None:
        """Refuse what is above the limit as it is, whatever was spent of it."""
        if key_limit is not None and amount_micros > key_limit.limit_micros:
            raise _key_limit_error(key_limit, spent_micros=self._store.read_key_spent_micros(key_limit))

    def _check_room_in_key(self, amount_micros: int, key_limit: KeyLimit | None) -> None:
        if key_limit is None:
            return
        spent_micros = self._store.read_key_spent_micros(key_limit)
        if spent_micros + amount_micros > key_limit.limit_micros:
            raise _key_limit_error(key_limit, spent_micros=spent_micros)


def _key_limit_error(limit: KeyLimit, *, spent_micros: int) -> KeyLimitReachedError:
    return KeyLimitReachedError(
        "This API key has reached its monthly spending limit.",
        details={
            "limit_cents": cents_floor(limit.limit_micros),
            "spent_cents": cents_floor(spent_micros),
        },
    )
