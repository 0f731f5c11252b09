"""The account check: one wallet's balance against its entries, its jobs and its payments.

The numbers are the invariants of docs/ledger.md. Everything is read between two reads of the balance, and
counts only when both are the same: then nothing moved in between.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from corent.core.errors import InvariantViolationError
from corent.core.ids import ulid_after
from corent.ledger.audit_store import AuditStore, JobMoney
from corent.ledger.balances import Balance
from corent.ledger.entries import Entry, EntryKind

TRIES_MAX: Final = 5
_COMPLETED: Final = "completed"
_ENDED: Final = frozenset({"failed", "cancelled"})
_EXPECTED: Final = {EntryKind.CAPTURE: "captured", EntryKind.RELEASE: "released"}


@dataclass
class Tally:
    """Sums over a wallet's entries, one pass, and what of them is still open.

    `moved` has each account of the books with its credits less its debits. `open_holds` are the holds not
    settled (of a batch, not wholly), `settled` the settlements posted from `since_ms` on.
    """

    since_ms: int
    entries: int = 0
    sums: Counter[str] = field(default_factory=Counter)
    moved: Counter[str] = field(default_factory=Counter)
    kinds: Counter[EntryKind] = field(default_factory=Counter)
    may_overdraw: bool = False
    open_holds: dict[str, Entry] = field(default_factory=dict)
    open_micros: Counter[str] = field(default_factory=Counter)
    unsettled_jobs: dict[str, str] = field(default_factory=dict)
    settled: dict[str, Entry] = field(default_factory=dict)
    payments: dict[str, Counter[str]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        """Count one entry. A hold's comes before its settlement: `hold#` sorts before `settle#`."""
        effect, amount = entry.effect, entry.amount_micros
        self.entries += 1
        self.kinds[entry.kind] += amount
        for name in ("available", "held", "credits", "debits"):
            self.sums[name] += getattr(effect, name) * amount
        self.moved[effect.debit] -= amount
        self.moved[effect.credit] += amount
        if entry.kind is EntryKind.HOLD:
            self._hold(entry)
        elif entry.kind in _EXPECTED:
            self._settle(entry)
        elif effect.available < 0:
            self.may_overdraw = True
        if entry.payment_id is not None:
            payment = self.payments.setdefault(entry.payment_id, Counter())
            payment["credited" if entry.kind is EntryKind.DEPOSIT else "put back"] += effect.credits * amount
            payment["taken"] += effect.debits * amount

    def _hold(self, entry: Entry) -> None:
        self.open_holds[entry.reference] = entry
        self.open_micros[entry.reference] = entry.amount_micros
        for job_id in _jobs_of(entry):
            self.unsettled_jobs[job_id] = entry.reference

    def _settle(self, entry: Entry) -> None:
        hold_id = self.unsettled_jobs.pop(entry.reference, None)
        if hold_id is None:
            self.faults.append(f"5: {entry.key} settles what was never held")
            return
        if entry.at_ms >= self.since_ms:
            self.settled[entry.reference] = entry
        self.open_micros[hold_id] -= entry.amount_micros
        if hold_id == entry.reference and self.open_micros[hold_id] != 0:
            self.faults.append(f"5: {entry.key} settles {entry.amount_micros}, another amount was held")
        if self.open_micros[hold_id] == 0:
            del self.open_holds[hold_id], self.open_micros[hold_id]


@dataclass(frozen=True, slots=True)
class WalletAudit:
    """What the check of one wallet found. `tally` is None for one that kept moving: ask again later.

    `settled_jobs` are the settlements that were looked at, with their jobs.
    """

    wallet_id: str
    tally: Tally | None = None
    balance: Balance | None = None
    differences: tuple[str, ...] = ()
    settled_jobs: tuple[tuple[Entry, JobMoney], ...] = ()


class AuditWallet:
    """Checks one wallet. Reads only, so it may be repeated."""

    def __init__(self, *, store: AuditStore) -> None:
        self._store = store

    def __call__(self, wallet_id: str, *, since_ms: int) -> WalletAudit:
        """Every difference there is in words, none for a wallet that adds up.

        Jobs are looked at where they are not settled, or were from `since_ms` on.
        """
        for _ in range(TRIES_MAX):
            balance = self._store.read_balance(wallet_id)
            if balance is None:
                return WalletAudit(wallet_id, differences=(f"2: {wallet_id} has no balance",))
            tally = Tally(since_ms)
            for entry in self._store.read_entries(wallet_id):
                tally.add(entry)
            jobs = self._store.read_jobs([*tally.unsettled_jobs, *tally.settled])
            found = [
                *self._of_balance(balance, tally),
                *self._of_jobs(jobs, tally),
                *self._of_payments(tally),
            ]
            if self._store.read_balance(wallet_id) == balance:
                settled = [(each, jobs[job_id]) for job_id, each in tally.settled.items() if job_id in jobs]
                return WalletAudit(wallet_id, tally, balance, tuple(found), tuple(settled))
        return WalletAudit(wallet_id)

    def _of_balance(self, balance: Balance, tally: Tally) -> Iterator[str]:
        try:
            balance.check()
        except InvariantViolationError as error:
            yield f"1: {error.operator_note}"
        stored = {
            "available": balance.available_micros,
            "held": balance.held_micros,
            "credits": balance.credits_micros,
            "debits": balance.debits_micros,
        }
        summed = {name: tally.sums[name] for name in stored}
        if stored != summed:
            yield f"2: {balance.wallet_id} stores {stored}, its entries say {summed}"
        if balance.version != tally.entries:
            yield f"2: {balance.wallet_id} has version {balance.version} and {tally.entries} entries"
        captured, stored_micros = tally.kinds[EntryKind.CAPTURE], balance.captured_micros
        if stored_micros != captured:
            yield f"2: {balance.wallet_id} stores {stored_micros} captured, its entries say {captured}"
        single = [hold for hold in tally.open_holds.values() if hold.reference.startswith("job_")]
        if balance.open_jobs != len(single):
            yield f"3: {balance.wallet_id} counts {balance.open_jobs} open jobs, {len(single)} are held for"
        batches = len(tally.open_holds) - len(single)
        if balance.open_batches < batches:
            yield f"3: {balance.wallet_id} counts {balance.open_batches} open batches, {batches} are held for"
        if balance.available_micros < 0 and not tally.may_overdraw:
            yield f"8: {balance.wallet_id} is overspent"
        yield from tally.faults

    def _of_jobs(self, jobs: dict[str, JobMoney], tally: Tally) -> Iterator[str]:
        held: Counter[str] = Counter()
        for job_id, hold_id in tally.unsettled_jobs.items():
            job = jobs.get(job_id)
            if job is None or job.money != "held" or job.state in (_COMPLETED, *_ENDED):
                yield f"4: {job_id} is held for, and it is {_said(job)}"
            held[hold_id] += job.hold_micros if job is not None else 0
        for hold_id, amount_micros in tally.open_micros.items():
            if held[hold_id] != amount_micros:
                yield f"3: {amount_micros} are held for {hold_id}, its jobs say {held[hold_id]}"
        for job_id, entry in tally.settled.items():
            job = jobs.get(job_id)
            if job is None or job.money != _EXPECTED[entry.kind] or not _ended_as(job, entry.kind):
                yield f"4: {entry.key} is a {entry.kind.value}, and the job is {_said(job)}"
            elif job.hold_micros != entry.amount_micros:
                yield f"5: {entry.key} moved {entry.amount_micros}, the job was to cost {job.hold_micros}"

    def _of_payments(self, tally: Tally) -> Iterator[str]:
        stored = self._store.read_payments(list(tally.payments))
        for payment_id, moved in tally.payments.items():
            payment = stored.get(payment_id)
            left_micros = moved["credited"] - moved["taken"] + moved["put back"]
            if payment is None or (payment.credited_micros, payment.left_micros) != (
                moved["credited"],
                left_micros,
            ):
                yield f"6: {payment_id} is stored as {payment}, its entries say {left_micros} are left of it"
            elif not 0 <= left_micros <= moved["credited"]:
                yield f"6: {left_micros} are left of {payment_id}, {moved['credited']} were credited"


def _jobs_of(hold: Entry) -> list[str]:
    """The job a hold is for; of a batch, its jobs, whose ids follow its own."""
    prefix, _, ulid = hold.reference.partition("_")
    if prefix == "job":
        return [hold.reference]
    return [f"job_{ulid_after(ulid, steps=step)}" for step in range(1, hold.jobs + 1)]


def _ended_as(job: JobMoney, kind: EntryKind) -> bool:
    return job.state == _COMPLETED if kind is EntryKind.CAPTURE else job.state in _ENDED


def _said(job: JobMoney | None) -> str:
    return "missing" if job is None else f"{job.state}, its money {job.money}"
