"""What an account sees of its money: balance, usage, ledger."""

from dataclasses import dataclass

from corent.core.clock import Clock
from corent.core.errors import InvalidRequestError
from corent.core.ids import first_ulid_at, is_id
from corent.jobs.store import JobPage, JobStore
from corent.ledger.entries import Entry
from corent.usecases.authenticate import Caller
from corent.usecases.job_ledger import JobLedger
from corent.usecases.wallets import Wallets

DAY_MS = 86_400_000
WINDOW_DAYS_MAX = 366


@dataclass(frozen=True, slots=True)
class Usage:
    """What a span of time, or the whole life of the wallet, amounts to."""

    spent_micros: int
    jobs_total: int
    recent: JobPage


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One ledger entry as it is shown; `amount_micros` is positive.

    `available_sign` says what it did to the money that can be spent: +1, -1 or 0.
    """

    id: str
    kind: str
    amount_micros: int
    available_sign: int
    at_ms: int
    job_id: str | None
    batch_id: str | None
    receipt_url: str | None


class ReadAccount:
    """Reads only; every figure comes from the ledger or the jobs it paid for."""

    def __init__(self, *, ledger: JobLedger, wallets: Wallets, jobs: JobStore, clock: Clock) -> None:
        self._ledger = ledger
        self._wallets = wallets
        self._jobs = jobs
        self._clock = clock

    def usage(
        self, *, caller: Caller, limit: int, cursor: str | None, since_ms: int | None, until_ms: int | None
    ) -> Usage:
        """Totals and a page of jobs, of those submitted from `since_ms` on and before `until_ms`.

        Raises InvalidRequestError for a bad cursor and for a span that is empty or over a year long.
        """
        if cursor is not None and not is_id(cursor, prefix="job"):
            raise InvalidRequestError(
                "cursor is not one that a list gave.", code="invalid_cursor", param="cursor"
            )
        if since_ms is None and until_ms is None:
            balance = self._wallets.balance(caller)
            page = self._jobs.list_by_wallet(caller.wallet_id, limit=limit, before=cursor)
            return Usage(spent_micros=balance.captured_micros, jobs_total=balance.jobs_total, recent=page)
        end_ms = self._clock.now_ms() + 1 if until_ms is None else until_ms
        begin_ms = max(0, end_ms - WINDOW_DAYS_MAX * DAY_MS) if since_ms is None else since_ms
        if not 0 <= end_ms - begin_ms <= WINDOW_DAYS_MAX * DAY_MS:
            raise InvalidRequestError(
                f"from must lie before to, by at most {WINDOW_DAYS_MAX} days.",
                code="invalid_from",
                param="from",
            )
        since, before = first_ulid_at(begin_ms), first_ulid_at(end_ms)
        sums = self._ledger.sum_jobs(caller.wallet_id, since=since, before=before)
        page = self._jobs.list_by_wallet(
            caller.wallet_id, limit=limit, before=cursor or f"job_{before}", since=f"job_{since}"
        )
        return Usage(spent_micros=sums.captured_micros, jobs_total=sums.jobs, recent=page)

    def entries(
        self, *, caller: Caller, limit: int, before: str | None
    ) -> tuple[list[LedgerLine], str | None]:
        """A page of ledger entries, newest first, and where the next begins."""
        entries, following = self._ledger.entries(caller.wallet_id, limit=limit, before=before)
        return [_line(entry) for entry in entries], following


def _line(entry: Entry) -> LedgerLine:
    return LedgerLine(
        id=entry.key,
        kind=entry.kind.value,
        amount_micros=entry.amount_micros,
        available_sign=entry.effect.available,
        at_ms=entry.at_ms,
        job_id=entry.reference if is_id(entry.reference, prefix="job") else None,
        batch_id=entry.reference if is_id(entry.reference, prefix="batch") else None,
        receipt_url=entry.receipt_url,
    )
